import { createServer } from 'node:net';

/** Addresses of so many workers on this machine, with ports that are free now. */
export async function freeHosts(workers) {
  const hosts = [];
  while (hosts.length < workers) hosts.push(`127.0.0.1:${await freePort()}`);
  return hosts;
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** TF_CONFIG of a worker. */
export function tfConfig(hosts, index) {
  return JSON.stringify({ cluster: { worker: hosts }, task: { type: 'worker', index } });
}
