/** Makes an image: of a template, of nothing, of a file, of what a caller's function writes, of a snapshot. */
import { assert, PlatterError } from '../../errors.ts';
import { passGate, inspectSource } from '../../ingress/gate.ts';
import { stored, type ProvenImage } from '../../ingress/proven.ts';
import { receive } from '../../ingress/receive.ts';
import { describeSource, type ImageSource } from '../../ingress/source.ts';
import { toolFormat } from '../../inspector/inspect.ts';
import { formatAddress, type ImageAddress } from '../../names.ts';
import type { Operation } from '../../operations/perform.ts';
import type { Prepared, Session, Step } from '../../operations/step.ts';
import { formatExactSize, roundUp } from '../../sizes.ts';
import type { ImageMetadata } from '../../ports/image-api.ts';
import { templatePath } from '../../templates/lookup.ts';
import type { Template } from '../../templates/template.ts';
import { removeRecord } from '../../workspace/record.ts';
import { instanceDirectory } from '../../config/layout.ts';
import type { Look } from '../image-record.ts';
import { imageOperation, requireOpenable, type ImageHandle } from '../context.ts';
import { requireEncryptable } from '../encryptable.ts';
import { findImageElsewhere, requireNoDirectory, type FoundImage } from '../find.ts';
import type {
  Base,
  CreateOrder,
  Driver,
  ImageFacts,
  Making,
  SharedBase,
  Site,
  SnapshotFacts,
} from '../driver.ts';

export type CreateSource =
  | { readonly kind: 'blank' }
  | { readonly kind: 'template'; readonly template: Template }
  /** A file from outside, or what a caller's function writes. */
  | {
      readonly kind: 'received';
      readonly source: ImageSource;
      readonly format?: string | undefined;
    }
  | { readonly kind: 'snapshot'; readonly origin: ImageHandle; readonly snapshot: string }
  /** What an image service has, where the driver can share it. */
  | { readonly kind: 'shared'; readonly image: ImageMetadata };

export interface CreateRequest {
  readonly source: CreateSource;
  /** None or 0: the size of what it is made of (B026, B027). */
  readonly sizeBytes: number | undefined;
  /** `grow` makes the operation repeatable: an image that is there is at most grown. `replace` is for drivers that share. */
  readonly ifExists: 'fail' | 'grow' | 'replace';
}

export interface Created {
  readonly method: string | null;
  /** What was made, where that is known without another look. */
  readonly facts: ImageFacts | undefined;
}

export function createOperation(image: ImageHandle, request: CreateRequest): Operation<Created> {
  return {
    ...imageOperation(image, 'image create'),
    prepare: (session) => prepareCreate(session, image, request),
  };
}

async function prepareCreate(
  session: Session,
  image: ImageHandle,
  request: CreateRequest,
): Promise<Prepared<Created>> {
  const { address, driver, keyId } = image;
  const { elsewhere, look } = await findImageElsewhere(image, address, driver.type);
  if (elsewhere !== undefined) throw alreadyExists(elsewhere);
  requireNoDirectory(image, look);
  const site = await driver.survey(address, session, look);
  const plan = await planBase(session, image, request);
  const sizeBytes = decideSize(address, request, plan.sizeBytes, site.granuleBytes);
  const { existing } = site;
  if (existing !== undefined && request.ifExists !== 'replace') {
    const growing = await growExisting({ driver, facts: existing }, request, sizeBytes);
    const steps = [...(site.opening ?? []), ...growing];
    return { steps, result: created(() => (steps.length === 0 ? existing : undefined)) };
  }
  await requireEncryptable(image);
  const order = { address, sizeBytes, keyId, replaces: existing };
  const stale = existing === undefined ? forgetStaleRecord(image, look) : [];
  const making = await planMaking(driver, site, plan.base, order, session);
  return {
    steps: [...stale, ...plan.steps, ...making.steps],
    result: created(making.made),
  };
}

function created(made?: () => ImageFacts | undefined): Prepared<Created>['result'] {
  return ({ method }) => Promise.resolve({ method: method ?? null, facts: made?.() });
}

async function growExisting(
  existing: FoundImage,
  request: CreateRequest,
  sizeBytes: number,
): Promise<readonly Step[]> {
  if (request.ifExists === 'fail') throw alreadyExists(existing);
  const { driver, facts } = existing;
  const isAsked = request.sizeBytes !== undefined && request.sizeBytes > 0;
  if (!isAsked || sizeBytes <= facts.virtualSizeBytes) return [];
  await driver.checkReferences?.(facts);
  return driver.resize(facts, sizeBytes);
}

function alreadyExists({ driver, facts: { address } }: FoundImage): PlatterError {
  const name = formatAddress(address);
  return new PlatterError('ALREADY_EXISTS', `the image ${name} exists already`, {
    details: { ...address, backend: driver.type },
    hint: `platter image show ${name}`,
  });
}

/** A record without its image is what a create that died has left: nobody else works here, for this one has the lock. */
function forgetStaleRecord(
  { config, address }: ImageHandle,
  { record: { recorded: stale } }: Look,
): readonly Step[] {
  if (stale === undefined) return [];
  const directory = instanceDirectory(config, address.instance);
  return [
    {
      description: 'forget the record of an image that is gone',
      run: (session) => removeRecord(session.host.filesystem, directory, address.disk, stale.id),
    },
  ];
}

function planMaking(
  { sharing }: Driver,
  site: Site,
  base: Base | SharedBase,
  order: Omit<CreateOrder, 'base'>,
  session: Session,
): Promise<Making> {
  if (base.kind !== 'location') return site.plan({ ...order, base });
  assert(sharing !== undefined, 'only drivers that share find locations');
  return sharing.plan({ ...order, base }, session);
}

interface PlannedBase {
  readonly base: Base | SharedBase;
  /** 0 where it is only known later; undefined where only the asked size counts. */
  readonly sizeBytes: number | undefined;
  readonly steps: readonly Step[];
}

async function planBase(
  session: Session,
  image: ImageHandle,
  request: CreateRequest,
): Promise<PlannedBase> {
  const { source } = request;
  switch (source.kind) {
    case 'blank':
      return { base: { kind: 'blank' }, sizeBytes: undefined, steps: [] };
    case 'template':
      return planTemplate(image, source.template);
    case 'received':
      return planReceived(session, image, { ...source, askedBytes: request.sizeBytes ?? 0 });
    case 'snapshot':
      return planSnapshot(source.origin, source.snapshot);
    case 'shared':
      return planShared(image.driver, source.image);
  }
}

async function planShared({ sharing }: Driver, image: ImageMetadata): Promise<PlannedBase> {
  assert(sharing !== undefined, 'only images that can be shared are made of shared ones');
  const base = await sharing.locate(image);
  return { base, sizeBytes: base.sizeBytes, steps: [] };
}

/** What an image made of a template will be made of. */
function planTemplate({ config }: ImageHandle, template: Template): PlannedBase {
  const { name, sha256, format, virtualSizeBytes, fileSizeBytes } = template;
  const image = stored(templatePath(config, name), format, virtualSizeBytes);
  return {
    base: { kind: 'template', name, sha256, image, fileSizeBytes },
    sizeBytes: virtualSizeBytes,
    steps: [],
  };
}

/** A file is looked at before anything is done; what a function writes is only known once it has written it. */
async function planReceived(
  { host }: Session,
  image: ImageHandle,
  what: { source: ImageSource; format?: string | undefined; askedBytes: number },
): Promise<PlannedBase> {
  const { source, format: declaredFormat, askedBytes } = what;
  let format = 'raw';
  let sizeBytes = 0;
  let bytes: number | null = null;
  if (source.kind === 'path') {
    const { limits } = image.config;
    const looked = await inspectSource(host, source.path, limits, declaredFormat);
    format = toolFormat(looked.inspection.format);
    sizeBytes = looked.inspection.virtualSizeBytes;
    bytes = looked.allocatedBytes;
  }
  let received: ProvenImage | undefined;
  const step: Step = {
    description: `receive ${describeSource(source)} and inspect it`,
    bytes,
    async run(session) {
      received = await receiveImage(session, image, { source, declaredFormat });
      const { virtualSizeBytes } = received;
      if (askedBytes !== 0 && askedBytes < virtualSizeBytes) {
        throw tooSmall(askedBytes, virtualSizeBytes);
      }
      if (received.format === format) return;
      throw new PlatterError('FORMAT_MISMATCH', `the image is ${received.format}, not ${format}`, {
        hint: source.kind === 'fetch' ? 'the function has to write a raw image' : 'try again',
      });
    },
  };
  const proven = () => {
    assert(received !== undefined, 'a received image is used only after its step');
    return received;
  };
  return { base: { kind: 'private file', format, image: proven }, sizeBytes, steps: [step] };
}

async function receiveImage(
  session: Session,
  { config }: ImageHandle,
  what: { source: ImageSource; declaredFormat: string | undefined },
): Promise<ProvenImage> {
  const { host, workspace, signal, progress } = session;
  const target = `${workspace.path}/content`;
  await session.withSlot(() =>
    receive(host, {
      ...what,
      target,
      limits: config.limits,
      signal,
      onProgress: progress,
      onVersion: () => Promise.resolve(),
    }),
  );
  return passGate(host, config, target, what.declaredFormat);
}

async function planSnapshot(origin: ImageHandle, name: string): Promise<PlannedBase> {
  const facts = await requireOpenable(origin);
  const snapshot = requireSnapshot(facts, name);
  return {
    base: { kind: 'snapshot', origin: facts, snapshot },
    sizeBytes: snapshot.sizeBytes,
    steps: [],
  };
}

/** NOT_FOUND when the image has no such snapshot. */
export function requireSnapshot(facts: ImageFacts, name: string): SnapshotFacts {
  const snapshot = facts.snapshots.find((known) => known.name === name);
  if (snapshot !== undefined) return snapshot;
  const address = formatAddress(facts.address);
  throw new PlatterError('NOT_FOUND', `${address} has no snapshot "${name}"`, {
    details: { snapshots: facts.snapshots.map((known) => known.name) },
    hint: `platter snapshot list ${address}`,
  });
}

/** The asked size rounded up to the granule; never below what the image is made of (B023-B027). */
function decideSize(
  address: ImageAddress,
  { sizeBytes: asked = 0 }: CreateRequest,
  baseBytes: number | undefined,
  granuleBytes: number,
): number {
  if (asked === 0 && baseBytes === undefined) {
    throw new PlatterError('INVALID_ARGUMENT', 'a blank image needs a size', {
      hint: `platter image create ${formatAddress(address)} --size 10G`,
    });
  }
  if (asked !== 0 && baseBytes !== undefined && asked < baseBytes) throw tooSmall(asked, baseBytes);
  const sizeBytes = roundUp(asked === 0 ? (baseBytes ?? 0) : asked, granuleBytes);
  if (!Number.isSafeInteger(sizeBytes)) {
    throw new PlatterError('INVALID_ARGUMENT', `the size ${asked} is too large`);
  }
  return sizeBytes;
}

export function tooSmall(asked: number, needed: number): PlatterError {
  return new PlatterError(
    'SIZE_TOO_SMALL',
    `${formatExactSize(asked)} is too small: what the image is made of has ${formatExactSize(needed)}`,
    {
      details: { askedBytes: asked, neededBytes: needed },
      hint: `ask for at least ${formatExactSize(needed)}, or leave the size out`,
    },
  );
}
