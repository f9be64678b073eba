import type { Cluster } from '../workers/cluster.js';
import { integer, message } from './_proto.js';

/** The name of the job whose tasks the workers are. */
const JOB = 'worker';

/**
 * A serialised `tensorflow.ServerDef`: the gRPC server of one worker. The field numbers are those of
 * tensorflow/core/protobuf/tensorflow_server.proto, cluster.proto and config.proto. The first worker leads: the other workers ask
 * the first which workers take part in a sum.
 */
export function serverDef({ hosts, rank }: Cluster): Uint8Array {
  const text = (value: string) => Buffer.from(value);
  const tasks = hosts.flatMap((host, task) => message(2, [...integer(1, task), ...message(2, text(host))]));
  const cluster = message(1, [...message(1, text(JOB)), ...tasks]);
  // ConfigProto.experimental (16) .collective_group_leader (1)
  const config = message(16, message(1, text(`/job:${JOB}/replica:0/task:0`)));
  return Uint8Array.from([
    ...message(1, cluster),
    ...message(2, text(JOB)),
    ...integer(3, rank),
    ...message(4, config),
    ...message(5, text('grpc')),
  ]);
}
