/** The environment, checked when the server starts. HOST, PORT and PROTOCOL_HEADER are adapter-node's. */
import { building } from '$app/env';
import { defineEnvVars } from '@sveltejs/kit/env';

function address(name: string, value: string): string {
  if (!/^https?:$/.test(URL.parse(value)?.protocol ?? '')) {
    throw new Error(`${name} must be an http(s) address, not ${JSON.stringify(value)}`);
  }
  return value.replace(/\/+$/, '');
}

export const variables = defineEnvVars({
  API_URL: {
    description: "The gateway's base address, without /api.",
    schema: (value: string | undefined): string => (building ? '' : address('API_URL', value ?? '')),
  },
  SERVICE_NAME: {
    description: "This service's name in log lines.",
    schema: (value: string | undefined): string => value ?? 'frontend',
  },
  INSTANCE: {
    description: "This process's name in log lines.",
    schema: (value: string | undefined): string | undefined => value,
  },
  MAILBOX_URL: {
    description: "The emulator's list of sent e-mail. Set only on a local machine; unset, /mailbox is 404.",
    schema: (value: string | undefined): string | undefined =>
      value ? address('MAILBOX_URL', value) : undefined,
  },
});
