import { inspect } from 'node:util';
import type { Invariant } from '../model/invariant.ts';
import type { Model } from '../model/model.ts';

export const secrets: Invariant = {
  id: 'secret',
  description:
    'no secret of an encrypted disk is in a command line, an error, an event, a result or a file',
  onStep: (model, _process, name, subject) => tell(model, name, subject),
  onEvent: (model, event) => tell(model, `an event of type ${event.type}`, event),
  onDone: (model, { spec, result }) => tell(model, `what ${spec.kind} resolves to`, result),
  onFailed: (model, { spec, error }) => tell(model, `the error of ${spec.kind}`, error),
  onAnyChange(model, { kind, path, inode }) {
    if (kind === 'vanish' || inode.device !== undefined || inode.kind !== 'file') return undefined;
    return tell(model, path, model.world.volume.text(inode) ?? literalsOf(model, inode));
  },
};

function tell(model: Model, where: string, what: unknown): string | undefined {
  const { encryption } = model.scenario;
  if (encryption === undefined) return undefined;
  const text = typeof what === 'string' ? what : inspect(what, { depth: 12 });
  for (const [name, secret] of Object.entries(encryption.keys)) {
    if (text.includes(secret)) return `the secret of ${name} is in ${where}`;
  }
  return undefined;
}

const texts = new WeakMap<Uint8Array, string>();

/** What was written into an image byte by byte. */
function literalsOf({ world }: Model, inode: Parameters<typeof world.volume.content>[0]): string {
  const content = world.volume.content(inode);
  const { extents } = content.kind === 'raw' ? content : content.layer;
  return extents.map(({ source }) => (typeof source === 'number' ? '' : textOf(source))).join('');
}

function textOf(source: Uint8Array): string {
  const known = texts.get(source) ?? Buffer.from(source).toString('latin1');
  texts.set(source, known);
  return known;
}
