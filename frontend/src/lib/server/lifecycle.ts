/** Whether this process should get new requests. adapter-node finishes those under way after SIGTERM. */

let draining = false;

process.once('SIGTERM', () => {
  draining = true;
});

export function isDraining(): boolean {
  return draining;
}
