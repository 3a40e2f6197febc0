/** The ways in which images come into being: what stands behind `cache` and `createImage`. */
import { PlatterError, reporting } from '../errors.ts';
import { imageSource, type FetchFunction } from '../ingress/source.ts';
import { formatAddress, parseSnapshotAddress } from '../names.ts';
import { perform, plan, type OperationOptions } from '../operations/perform.ts';
import type { Plan } from '../operations/step.ts';
import { checkSizeBytes } from '../sizes.ts';
import { templatePath } from '../templates/lookup.ts';
import { baseNameOf } from '../workspace/area.ts';
import { operationOf, type ImageChange } from './change.ts';
import type { ImageHandle } from './context.ts';
import type { ImageFacts } from './driver.ts';
import { findImage } from './find.ts';
import type { CreateSource } from './operations/create.ts';

export interface CacheRequest extends OperationOptions {
  readonly template: string;
  /** Writes the template to the path that it is given; called only when the template is missing. */
  readonly fetch?: FetchFunction | undefined;
  /** What the template is declared to be. Default: what it is found to be. */
  readonly format?: string | undefined;
  /** SHA-256 that a fetched template must have. */
  readonly sha256?: string | undefined;
  /** None or 0: the size of the template. */
  readonly sizeBytes?: number | undefined;
}

/** At most one of `template`, `prepare`, `file` and `snapshot`; with none of them a blank image is made. */
export interface CreateImageRequest extends OperationOptions {
  readonly template?: string | undefined;
  /** With `template` it fetches that; alone it writes the content of the image itself, raw (B041). */
  readonly prepare?: FetchFunction | undefined;
  /** Absolute path of an image file, which passes the gate. */
  readonly file?: string | undefined;
  /** What the template or file is declared to be. Default: what it is found to be. */
  readonly format?: string | undefined;
  /** `<instance>/<disk>@<snapshot>`, of an image of the same backend. */
  readonly snapshot?: string | undefined;
  /** None or 0: the size of what it is made of. */
  readonly sizeBytes?: number | undefined;
}

type IfExists = 'fail' | 'grow';

/**
 * Resolves to what is there then, where that is known without another look. B009-B016: an image that is there is left as
 * it is, but grown when a larger size is asked for.
 */
export async function cacheImage(
  image: ImageHandle,
  request: CacheRequest,
): Promise<ImageFacts | undefined> {
  try {
    return await makeOfTemplate(image, request, 'grow');
  } catch (error) {
    if (!isOfNoMatter(error, request)) throw error;
    const { driver, address } = image;
    const facts = await reporting(`find ${formatAddress(address)}`, () => driver.find(address));
    if (facts === undefined) throw error;
    const { sizeBytes = 0 } = request;
    if (sizeBytes <= facts.virtualSizeBytes) return facts;
    return carryOut(image, { kind: 'resize', sizeBytes, isRelative: false }, request);
  }
}

/**
 * Failures that do not matter to an image that is there: the template has aged out and nobody can fetch it; or somebody
 * else has made the image, which some drivers only learn when they give it its name. What was left half made is told.
 */
function isOfNoMatter(error: unknown, { fetch }: CacheRequest): boolean {
  if (!PlatterError.is(error) || error.details['undo'] === 'failed') return false;
  return error.code === 'ALREADY_EXISTS' || (error.code === 'NOT_FOUND' && fetch === undefined);
}

export async function createImage(
  image: ImageHandle,
  request: CreateImageRequest,
): Promise<ImageFacts | undefined> {
  checkOrigins(request);
  const { template, prepare, ...options } = request;
  if (template === undefined) {
    const source = sourceOf(image, request);
    const make = () => carryOut(image, createChange(request, source, 'fail'), request);
    return source.kind === 'snapshot' ? holdingBacking(source.origin, make) : make();
  }
  if (prepare !== undefined) await requireAbsent(image);
  return makeOfTemplate(image, { ...options, template, fetch: prepare }, 'fail');
}

/** What `createImage` would do; a template has to be there already. */
export async function planCreateImage(
  image: ImageHandle,
  request: CreateImageRequest,
): Promise<Plan> {
  checkOrigins(request);
  const source = await plannedSource(image, request);
  return plan(image.host, operationOf(image, createChange(request, source, 'fail')));
}

async function plannedSource(
  image: ImageHandle,
  request: CreateImageRequest,
): Promise<CreateSource> {
  if (request.template === undefined) return sourceOf(image, request);
  const template = await image.templates.find(request.template);
  if (template !== undefined) return { kind: 'template', template };
  throw new PlatterError('NOT_FOUND', `there is no template "${request.template}"`, {
    hint: `platter template add ${request.template} SOURCE`,
  });
}

async function makeOfTemplate(
  image: ImageHandle,
  request: CacheRequest,
  ifExists: IfExists,
): Promise<ImageFacts | undefined> {
  if (request.sizeBytes !== undefined) checkSizeBytes(request.sizeBytes);
  return image.templates.using(request.template, request, (template) =>
    carryOut(image, createChange(request, { kind: 'template', template }, ifExists), request),
  );
}

function sourceOf(image: ImageHandle, request: CreateImageRequest): CreateSource {
  if (request.prepare !== undefined) {
    return { kind: 'received', source: imageSource(request.prepare), format: 'raw' };
  }
  if (request.file !== undefined) {
    return { kind: 'received', source: imageSource(request.file), format: request.format };
  }
  if (request.snapshot === undefined) return { kind: 'blank' };
  const { snapshot, ...address } = parseSnapshotAddress(request.snapshot);
  return { kind: 'snapshot', origin: { ...image, address }, snapshot };
}

/** Before a template is fetched for nothing; the operation itself looks again under its lock. */
async function requireAbsent(image: ImageHandle): Promise<void> {
  const { address } = image;
  const found = await reporting(`find ${formatAddress(address)}`, () => findImage(image, address));
  if (found === undefined) return;
  throw new PlatterError('ALREADY_EXISTS', `the image ${formatAddress(address)} exists already`, {
    details: { ...address },
    hint: `platter image show ${formatAddress(address)}`,
  });
}

/** What leans on the template of `origin` is that template's user only when it is there: so long the template is held. */
async function holdingBacking<Result>(
  { driver, address, config, templates }: ImageHandle,
  make: () => Promise<Result>,
): Promise<Result> {
  // Other storage keeps what something leans on by itself.
  if (!driver.isFileInInstancePath) return make();
  const facts = await reporting(`find ${formatAddress(address)}`, () => driver.find(address));
  const backing = facts?.backing ?? '';
  const name = baseNameOf(backing);
  return backing === templatePath(config, name) ? templates.using(name, {}, make) : make();
}

async function carryOut(
  image: ImageHandle,
  change: ImageChange,
  options: OperationOptions,
): Promise<ImageFacts | undefined> {
  const created = await perform(image.host, operationOf(image, change), options);
  return created?.facts;
}

function createChange(
  { sizeBytes }: { sizeBytes?: number | undefined },
  source: CreateSource,
  ifExists: IfExists,
): ImageChange {
  return { kind: 'create', source, sizeBytes, ifExists };
}

function checkOrigins({ template, prepare, file, snapshot }: CreateImageRequest): void {
  const origins = [template ?? prepare, file, snapshot].filter((origin) => origin !== undefined);
  if (origins.length <= 1) return;
  throw new PlatterError('INVALID_ARGUMENT', 'an image is made of one thing alone', {
    hint: 'name a template, or a file, or a snapshot',
  });
}
