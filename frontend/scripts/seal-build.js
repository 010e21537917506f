/** Makes the build a package of its own: it may be copied anywhere and still is made of ES modules. */
import { writeFile } from 'node:fs/promises';

await writeFile(new URL('../build/package.json', import.meta.url), '{ "private": true, "type": "module" }\n');
