/** `rbd bench --io-type write`: writes over an image, from its start, with bytes of its own. */
import { write as writeInto } from '../../volume/content.ts';
import { specOf } from '../../cluster/namespace.ts';
import { success, type ToolResult } from '../program.ts';
import { imageSpec, parseSize, type RbdArguments, type Shape } from './arguments.ts';
import { rethrow } from './failure.ts';
import { acquireLock, openImage } from './open.ts';
import { connect, write, type RbdContext, type Steps } from './session.ts';

export const benchShape: Shape = {
  words: 1,
  values: ['io-type', 'io-pattern', 'io-threads', 'io-size', 'io-total'],
};

const benchPattern = 0x62;
const bytesPerMs = 2 ** 18;

export function* bench(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = imageSpec(args);
  const totalBytes = parseSize(args.values.get('io-total') ?? '1G');
  const session = yield* connect(context, args);
  const open = yield* openImage(session, spec, 'write');
  const { image, namespace } = open;
  const subject = specOf(namespace, open.name);
  const takesMs = totalBytes / bytesPerMs;
  try {
    yield* acquireLock(session, open);
    yield* write(session, namespace, { name: 'write', subject, takesMs }, () => {
      const length = Math.min(totalBytes, image.content.sizeBytes);
      const written = writeInto(image.content, 0, { length, source: benchPattern });
      session.cluster.setContent(image, written);
    });
    yield { name: 'close image', subject };
  } catch (error) {
    rethrow(error, 'bench failed');
  }
  return success(`bench  type write io_size ${args.values.get('io-size') ?? ''}\n`);
}
