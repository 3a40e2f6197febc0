/**
 * The simulated rbd 16.2: the commands and options that are known here, at the level of its command line, with the steps,
 * messages, exit statuses and leftovers that were recorded of the real one (fixtures/rbd-16.2).
 */
import { failure, success, type ToolProgram, type ToolResult } from '../program.ts';
import { parseArguments, type RbdArguments, type Shape } from './arguments.ts';
import { bench, benchShape } from './bench.ts';
import { clone, cloneShape, flatten, flattenShape } from './clone.ts';
import { create, createShape } from './create.ts';
import { errnoWords, RbdFailure, codeOf, failed } from './failure.ts';
import { exportImage, exportShape, importImage, importShape } from './import-export.ts';
import { diskUsage, info, infoShape, list, listShape, status } from './info.ts';
import * as metadata from './metadata.ts';
import { remove, removeShape } from './remove.ts';
import { rename, renameShape, resize, resizeShape } from './resize-rename.ts';
import { withConnections, type RbdContext, type Steps } from './session.ts';
import * as snapshotLists from './snapshot-lists.ts';
import * as snapshots from './snapshots.ts';
import * as trash from './trash.ts';

interface Command {
  readonly shape: Shape;
  readonly run: (context: RbdContext, args: RbdArguments) => Steps<ToolResult>;
}

const { snapshotShape, snapshotRenameShape } = snapshots;
const { metadataShape, lockShape } = metadata;
const { trashShape, namespaceShape } = trash;

const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['bench', { shape: benchShape, run: bench }],
  ['create', { shape: createShape, run: create }],
  ['import', { shape: importShape, run: importImage }],
  ['export', { shape: exportShape, run: exportImage }],
  ['clone', { shape: cloneShape, run: clone }],
  ['flatten', { shape: flattenShape, run: flatten }],
  ['resize', { shape: resizeShape, run: resize }],
  ['rename', { shape: renameShape, run: rename }],
  ['rm', { shape: removeShape, run: remove }],
  ['info', { shape: infoShape, run: info }],
  ['ls', { shape: listShape, run: list }],
  ['status', { shape: infoShape, run: status }],
  ['du', { shape: infoShape, run: diskUsage }],
  ['children', { shape: snapshotShape, run: snapshotLists.children }],
  ['snap create', { shape: snapshotShape, run: snapshots.create }],
  ['snap rm', { shape: snapshotShape, run: snapshots.remove }],
  ['snap ls', { shape: snapshotShape, run: snapshotLists.list }],
  ['snap protect', { shape: snapshotShape, run: snapshots.protect }],
  ['snap unprotect', { shape: snapshotShape, run: snapshots.unprotect }],
  ['snap rollback', { shape: snapshotShape, run: snapshots.rollback }],
  ['snap rename', { shape: snapshotRenameShape, run: snapshots.rename }],
  ['snap purge', { shape: snapshotShape, run: snapshots.purge }],
  ['image-meta set', { shape: metadataShape, run: metadata.set }],
  ['image-meta get', { shape: metadataShape, run: metadata.get }],
  ['image-meta ls', { shape: metadataShape, run: metadata.list }],
  ['image-meta rm', { shape: metadataShape, run: metadata.remove }],
  ['lock add', { shape: lockShape, run: metadata.lockAdd }],
  ['lock ls', { shape: lockShape, run: metadata.lockList }],
  ['lock rm', { shape: lockShape, run: metadata.lockRemove }],
  ['trash mv', { shape: trashShape, run: trash.move }],
  ['trash ls', { shape: trashShape, run: trash.list }],
  ['trash restore', { shape: trashShape, run: trash.restore }],
  ['trash rm', { shape: trashShape, run: trash.remove }],
  ['namespace create', { shape: namespaceShape, run: trash.namespaceCreate }],
  ['namespace ls', { shape: namespaceShape, run: trash.namespaceList }],
  ['namespace rm', { shape: namespaceShape, run: trash.namespaceRemove }],
]);

const aliases: Readonly<Record<string, string>> = {
  list: 'ls',
  mv: 'rename',
  remove: 'rm',
  'disk-usage': 'du',
};

/** Options that come before the command are common ones, with their values. */
function splitArguments(args: readonly string[]): { words: string[]; rest: string[] } {
  const words: string[] = [];
  const rest: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] as string;
    if (words.length === 0 && (arg.startsWith('--') || arg === '-p' || arg === '-c')) {
      rest.push(arg);
      if (!arg.includes('=')) rest.push(args[(index += 1)] ?? '');
    } else if (words.length === 0 || (words.length === 1 && isGroup(words[0]))) words.push(arg);
    else rest.push(arg);
  }
  return { words, rest };
}

/** Aliases stand for whole commands, and for what comes behind `snap`. */
function spelled([first = '', second]: readonly string[]): string {
  if (second === undefined) return aliases[first] ?? first;
  if (first === 'snap' && second === 'add') return 'snap create';
  return first === 'trash' ? `${first} ${second}` : `${first} ${aliases[second] ?? second}`;
}

function isGroup(word: string | undefined): boolean {
  return /^(snap|image-meta|lock|trash|namespace)$/.test(word ?? '');
}

const version =
  'ceph version 16.2.15 (618f440892089921c3e944a991122ddc44e60516) pacific (stable)\n';

export const rbd: ToolProgram = function* rbd(context, args) {
  if (args[0] === '--version') return success(version);
  const { words, rest } = splitArguments(args);
  const name = spelled(words);
  const command = commands.get(name);
  if (command === undefined) return failure(`rbd: error: unknown command '${words.join(' ')}'`);
  try {
    const parsed = parseArguments(rest, command.shape);
    return yield* withConnections(context, (connected) => command.run(connected, parsed));
  } catch (error) {
    if (error instanceof RbdFailure) return error.result;
    const code = codeOf(error);
    if (code === undefined) throw error;
    const { exitCode } = failed(code, '').result;
    return failure(`rbd: ${name} failed: ${errnoWords(code)}`, exitCode);
  }
};
