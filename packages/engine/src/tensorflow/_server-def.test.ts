import { expect, it } from 'vitest';
import { serverDef } from './_server-def.js';

it('holds the workers, this worker’s rank, and the first worker as the leader', () => {
  const text = (value: string) => Buffer.from(value);
  // By hand, from tensorflow_server.proto: cluster 1, job_name 2, task_index 3, default_session_config 4, protocol 5.
  const task = (index: number, host: string) => [0x12, 4 + host.length, 0x08, index, 0x12, host.length, ...text(host)];
  const job = [0x0a, 6, ...text('worker'), ...task(0, 'a:1'), ...task(1, 'b:22')];
  const leader = '/job:worker/replica:0/task:0';
  const expected = [
    ...[0x0a, job.length + 2, 0x0a, job.length, ...job],
    ...[0x12, 6, ...text('worker')],
    ...[0x18, 1],
    ...[0x22, leader.length + 5, 0x82, 0x01, leader.length + 2, 0x0a, leader.length, ...text(leader)],
    ...[0x2a, 4, ...text('grpc')],
  ];
  expect([...serverDef({ hosts: ['a:1', 'b:22'], rank: 1 })]).toEqual(expected);
});
