/** The operation that brings a template into the store. */
import { assert, PlatterError, toPlatterError } from '../errors.ts';
import type { Config } from '../config/config.ts';
import { reservePath, templatesDirectory } from '../config/layout.ts';
import { inspectSource, passGate, requirePlain } from '../ingress/gate.ts';
import { managed, type ProvenImage } from '../ingress/proven.ts';
import { receive, type Received } from '../ingress/receive.ts';
import { describeSource, type ImageSource } from '../ingress/source.ts';
import type { Operation } from '../operations/perform.ts';
import { convertImage } from '../operations/run-qemu-img.ts';
import type { Prepared, Session, Step } from '../operations/step.ts';
import type { Host } from '../ports/host.ts';
import { publish } from '../workspace/publish.ts';
import { keepReserve } from '../workspace/reserve.ts';
import { removeRecord, type Recorded } from '../workspace/record.ts';
import { prepareAdoption } from './adopt.ts';
import { requireAsked } from './as-asked.ts';
import { removeDamageMark, requireUndamaged } from './damage.ts';
import { convertedFile, receivedFile } from './drafts.ts';
import { requireExpected } from './expected-content.ts';
import { templateOperation } from './operation.ts';
import { adoptDownload, finishDownload, rememberDownload } from './partial-download.ts';
import {
  lookUp,
  noTemplateFile,
  requireUnchanged,
  requireUntouched,
  templateGone,
  templatePath,
} from './lookup.ts';
import type { TemplateCopies } from './copies.ts';
import type { Template, TemplateRecord } from './template.ts';
import { usersOf } from './users.ts';

export interface AddRequest {
  readonly name: string;
  /** Absent where only a template that is there already will do. */
  readonly source?: ImageSource | undefined;
  readonly format?: string | undefined;
  readonly sha256?: string | undefined;
  /** What to do when the template is there: fail, or take it as it is. */
  readonly ifExists: 'fail' | 'use';
}

export function addOperation(
  config: Config,
  copies: TemplateCopies,
  request: AddRequest,
): Operation<Template> {
  return {
    ...templateOperation(config, copies, request.name),
    name: request.ifExists === 'fail' ? 'template add' : 'template fetch',
    prepare: (session) => prepareAdd(session, config, request),
  };
}

async function prepareAdd(
  session: Session,
  config: Config,
  request: AddRequest,
): Promise<Prepared<Template>> {
  const { host } = session;
  const found = await lookUp(host, config, request.name);
  if (found.state === 'no file') throw noTemplateFile(request.name, found);
  if (request.ifExists === 'fail' && (found.state === 'present' || found.state === 'foreign')) {
    throw new PlatterError('ALREADY_EXISTS', `the template "${request.name}" exists already`, {
      hint: `platter template show ${request.name}; templates never change, so choose another name`,
    });
  }
  if (found.state === 'present') {
    await requireUnchanged(host, config, found.template, found.stat);
    await requireUndamaged(host, config, found);
    await requireAsked(host, config, found.template, request);
    return { steps: [], result: () => Promise.resolve(found.template) };
  }
  if (found.state === 'foreign') return prepareAdoption(session, config, request, found.path);
  if (request.source === undefined) {
    throw found.state === 'lost' ? templateGone(request.name) : missing(request.name);
  }
  const draft = newDraft(request, request.source);
  return {
    steps: [
      receiveStep(config, draft, await amountOf(host, config, request.source, request.format)),
      acceptStep(config, draft),
      publishStep(config, draft, found.state === 'lost' ? found.record : undefined),
    ],
    result: () => Promise.resolve(finished(config, draft)),
  };
}

/** A file is looked at before anything is done; of anything else nobody knows what it is. */
async function amountOf(
  host: Host,
  config: Config,
  source: ImageSource,
  declaredFormat: string | undefined,
): Promise<number | null> {
  if (source.kind !== 'path') return null;
  return (await inspectSource(host, source.path, config.limits, declaredFormat)).allocatedBytes;
}

function missing(name: string): PlatterError {
  return new PlatterError('NOT_FOUND', `there is no template "${name}"`, {
    hint: `platter template add ${name} SOURCE`,
  });
}

/** What becomes known of the template as the steps are taken. */
interface Draft {
  readonly request: AddRequest;
  readonly source: ImageSource;
  received: Received | undefined;
  file: string;
  image: ProvenImage | undefined;
  record: TemplateRecord | undefined;
}

function newDraft(request: AddRequest, source: ImageSource): Draft {
  return {
    request,
    source,
    received: undefined,
    file: receivedFile,
    image: undefined,
    record: undefined,
  };
}

function finished(config: Config, { request, record }: Draft): Template {
  assert(record !== undefined, 'a template is finished only when it is published');
  return { ...record, path: templatePath(config, request.name) };
}

function receiveStep(config: Config, draft: Draft, bytes: number | null): Step {
  const { request, source } = draft;
  return {
    description: `receive the image from ${describeSource(source)}, with its SHA-256`,
    bytes,
    async run(session) {
      const { host, workspace, signal, progress } = session;
      const target = `${workspace.path}/${receivedFile}`;
      const resume = await adoptDownload(session, source, target);
      const receiving = session.withSlot(() =>
        receive(host, {
          source,
          target,
          declaredFormat: request.format,
          sha256: request.sha256,
          limits: config.limits,
          signal,
          onProgress: progress,
          resume,
          onVersion: (version) => rememberDownload(session, source, version),
        }),
      );
      draft.received = await receiving.catch(async (error: unknown) => {
        // What is refused does not become better by being continued, and what has filled the filesystem gives it back; the
        // failure counts, whatever comes of this.
        const failure = toPlatterError(error, 'receive the image');
        const isDropped =
          PlatterError.is(failure) &&
          ['UNSAFE_IMAGE', 'FORMAT_MISMATCH', 'NO_SPACE'].includes(failure.code);
        if (isDropped) await finishDownload(session).catch(() => {});
        throw error;
      });
      await finishDownload(session);
      requireChecksum(request, draft.received.sha256);
    },
  };
}

function requireChecksum({ name, sha256 }: AddRequest, received: string): void {
  if (sha256 === undefined || sha256.toLowerCase() === received) return;
  throw new PlatterError(
    'CHECKSUM_MISMATCH',
    `the image for template "${name}" has the SHA-256 ${received}, not ${sha256.toLowerCase()}`,
    {
      details: { expectedSha256: sha256.toLowerCase(), receivedSha256: received },
      hint: 'compare the checksum with the one that the publisher of the image states',
    },
  );
}

/** Nothing of the image reaches a tool before the gate; converted is what no backend can lean on. */
function acceptStep(config: Config, draft: Draft): Step {
  return {
    description: 'inspect the image, and let qemu-img read it, contained',
    async run(session) {
      const { host, workspace } = session;
      const path = `${workspace.path}/${receivedFile}`;
      draft.image = await passGate(host, config, path, draft.request.format);
      if (!mustConvert(config, draft.image.format)) return;
      draft.file = convertedFile;
      const target = `${workspace.path}/${convertedFile}`;
      await convertImage(
        session,
        { source: draft.image, target, targetFormat: 'raw' },
        config.limits,
      );
      await requirePlain(host, target, config.limits);
      draft.image = managed(target, 'raw', draft.image.virtualSizeBytes);
    },
  };
}

/** Raw and qcow2 can back an overlay and be copied as they are; other formats are for exchange. */
function mustConvert(config: Config, format: string): boolean {
  if (format === 'raw') return false;
  return config.forceRawImages === true || format !== 'qcow2';
}

function publishStep(
  config: Config,
  draft: Draft,
  lost: Recorded<TemplateRecord> | undefined,
): Step {
  const { request } = draft;
  return {
    description: `publish it as ${templatePath(config, request.name)}, read-only`,
    async run(session) {
      const { filesystem } = session.host;
      const record = await recordOf(session, draft);
      if (lost === undefined) await requireExpected(session.host, config, record);
      const isRestored = lost !== undefined && isSameContent(lost.content, record);
      if (lost !== undefined && !isRestored) await replaceLost(session, config, lost, record);
      draft.record = isRestored ? lost.content : record;
      await filesystem.setPermissions(`${session.workspace.path}/${draft.file}`, 0o444);
      await publish(filesystem, {
        workspace: session.workspace,
        file: draft.file,
        record: isRestored ? undefined : record,
      });
      // What stood there before may have been damaged; this is whole.
      if (isRestored) await removeDamageMark(filesystem, config, request.name);
      await keepReserve(session.host, reservePath(config));
    },
  };
}

async function recordOf(session: Session, draft: Draft): Promise<TemplateRecord> {
  const { host, workspace, signal } = session;
  const { request, image, file, received } = draft;
  assert(
    image !== undefined && received !== undefined,
    'a template is recorded only when it has passed the gate',
  );
  const { sha256, written } = received;
  if (written !== undefined) {
    const now = await host.filesystem.stat(`${workspace.path}/${receivedFile}`);
    requireUntouched(written, now, request.name);
  }
  const path = `${workspace.path}/${file}`;
  const { sizeBytes } = await host.filesystem.stat(path);
  return {
    name: request.name,
    format: image.format,
    virtualSizeBytes: image.virtualSizeBytes,
    fileSizeBytes: sizeBytes,
    sha256,
    fileSha256: file === receivedFile ? sha256 : await host.digests.sha256File(path, { signal }),
    source: describeSource(draft.source),
    addedAt: new Date(host.clock.now()).toISOString(),
  };
}

function isSameContent(a: TemplateRecord, b: TemplateRecord): boolean {
  return a.sha256 === b.sha256 && a.fileSha256 === b.fileSha256 && a.format === b.format;
}

/** Another content may take the name only when no image leans on the old one. */
async function replaceLost(
  { host }: Session,
  config: Config,
  lost: Recorded<TemplateRecord>,
  record: TemplateRecord,
): Promise<void> {
  const { filesystem } = host;
  const { name } = record;
  const users = await usersOf(filesystem, config, templatePath(config, name));
  if (users.length > 0) {
    throw new PlatterError(
      'TEMPLATE_CHANGED',
      `template "${name}" would come back with another content`,
      {
        details: {
          usedBy: users.map(({ image }) => image),
          recordedSha256: lost.content.sha256,
          receivedSha256: record.sha256,
        },
        hint: 'find the image that it was, or add this one under another name',
      },
    );
  }
  await removeRecord(filesystem, templatesDirectory(config), name, lost.id);
}
