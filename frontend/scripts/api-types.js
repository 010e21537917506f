/**
 * Writes the types of the API client from the OpenAPI documents that the services commit.
 * They land in .svelte-kit, which git ignores: there is no copy that could drift.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import openapiTypescript, { astToString } from 'openapi-typescript';

const frontend = fileURLToPath(new URL('..', import.meta.url));
const services = process.env.OPENAPI_DIR ?? resolve(frontend, '../services');
const target = resolve(frontend, '.svelte-kit/openapi');

await mkdir(target, { recursive: true });
for (const service of ['boxoffice', 'accounts']) {
  const document = pathToFileURL(resolve(services, service, 'openapi.json'));
  const types = await openapiTypescript(document);
  await writeFile(resolve(target, `${service}.d.ts`), astToString(types));
}
