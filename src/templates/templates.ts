/** The template store: what `backend.templates` is. */
import { afterwards, isHostError, PlatterError, reporting } from '../errors.ts';
import type { Config } from '../config/config.ts';
import { templatesDirectory } from '../config/layout.ts';
import { imageSource, type FetchFunction, type SourceInput } from '../ingress/source.ts';
import { checkDeclaredFormat } from '../inspector/inspect.ts';
import { checkName } from '../names.ts';
import { perform, plan, type OperationOptions } from '../operations/perform.ts';
import type { Plan } from '../operations/step.ts';
import type { Turns } from '../operations/turns.ts';
import type { Host } from '../ports/host.ts';
import { areaPath, listDirectory, tidy } from '../workspace/area.ts';
import { takeLease, type Lease } from '../workspace/lease.ts';
import { addOperation, type AddRequest } from './add.ts';
import type { TemplateCopies } from './copies.ts';
import { requireAsked } from './as-asked.ts';
import { findInStore, listTemplates, showTemplate, verifyTemplate } from './catalog.ts';
import { damageMark, requireUndamaged } from './damage.ts';
import { lookUp, requireUnchanged } from './lookup.ts';
import {
  pruneCandidates,
  removeCandidates,
  removePartialDownloads,
  type PruneOptions,
  type PruneResult,
} from './prune.ts';
import { recoverTemplates } from './recover.ts';
import { removeOperation } from './remove.ts';
import type { Template, TemplateDescription } from './template.ts';

export interface AddOptions extends OperationOptions {
  /** What the image is declared to be; another content is refused. Default: what it is found to be. */
  readonly format?: string | undefined;
  /** SHA-256 that the image must have, in hexadecimal. */
  readonly sha256?: string | undefined;
}

export interface EnsureOptions extends AddOptions {
  /** Fetches the template when it is missing. */
  readonly fetch?: FetchFunction | undefined;
}

export class Templates {
  readonly #host: Host;
  readonly #config: Config;
  readonly #copies: TemplateCopies;

  /** Use `Backend.templates`. */
  constructor(host: Host, config: Config, copies: TemplateCopies) {
    this.#host = host;
    this.#config = config;
    this.#copies = copies;
  }

  /**
   * Brings an image into the store, from an absolute path, an http(s) address, a stream or a fetch function. It is
   * refused where it is unsafe (UNSAFE_IMAGE), not what it is declared to be (FORMAT_MISMATCH) or not the one asked for
   * (CHECKSUM_MISMATCH); ALREADY_EXISTS when the name is taken.
   */
  async add(
    name: string,
    source: SourceInput,
    options: AddOptions = {},
  ): Promise<TemplateDescription> {
    const request = addRequest(name, source, options, 'fail');
    await perform(this.#host, addOperation(this.#config, this.#copies, request), options);
    return afterwards(this.show(name));
  }

  /** What `add` would do. */
  async planAdd(name: string, source: SourceInput, options: AddOptions = {}): Promise<Plan> {
    const request = addRequest(name, source, options, 'fail');
    return plan(this.#host, addOperation(this.#config, this.#copies, request));
  }

  /**
   * Holds a template while `build` makes something of it: fetched first where it is missing, once whoever asks, and not
   * removed meanwhile. NOT_FOUND when it is missing and there is no fetch function.
   */
  using<Result>(
    name: string,
    options: EnsureOptions,
    build: (template: Template) => Promise<Result>,
  ): Promise<Result> {
    const directory = templatesDirectory(this.#config);
    return reporting(`use template ${name}`, async () => {
      checkName('template', name);
      checkAsked(options);
      const lease = await takeLease(this.#host, directory, name, 'create');
      let isDone = false;
      try {
        const template = await this.#ensure(name, options);
        await this.#markUsed(template);
        const result = await build(template);
        isDone = true;
        return result;
      } finally {
        await this.#giveBack(lease, isDone ? undefined : directory);
      }
    });
  }

  /** What was built is there, or the first failure counts: a lease that stays goes when this process has ended. */
  async #giveBack(lease: Lease, untidy: string | undefined): Promise<void> {
    const { filesystem, events } = this.#host;
    try {
      await lease.release();
      if (untidy !== undefined) await tidy(filesystem, untidy);
    } catch (error) {
      if (!isHostError(error)) throw error;
      events.emit({ type: 'warning', message: `cannot give a template back: ${error.message}` });
    }
  }

  async #ensure(name: string, options: EnsureOptions): Promise<Template> {
    const found = await lookUp(this.#host, this.#config, name);
    if (found.state === 'present' && (await this.#isLeftAlone(name))) {
      try {
        await requireUnchanged(this.#host, this.#config, found.template, found.stat);
        await requireAsked(this.#host, this.#config, found.template, options);
        return found.template;
      } catch (error) {
        // Removed by somebody who did not see the lease: as good as missing from the start.
        if (!PlatterError.is(error) || error.details['errno'] !== 'ENOENT') throw error;
      }
    }
    try {
      return await this.#bring(name, options);
    } catch (error) {
      const winner = mayBeThere(error) ? await lookUp(this.#host, this.#config, name) : undefined;
      if (winner?.state === 'present') {
        await requireUnchanged(this.#host, this.#config, winner.template, winner.stat);
        await requireUndamaged(this.#host, this.#config, winner);
        await requireAsked(this.#host, this.#config, winner.template, options);
        return winner.template;
      }
      // Nova has put its own there meanwhile.
      if (winner?.state === 'foreign') return this.#bring(name, options);
      throw error;
    }
  }

  /** A workspace on the name may belong to somebody who removes the template: the lock tells. One may be damaged. */
  async #isLeftAlone(name: string): Promise<boolean> {
    const area = areaPath(templatesDirectory(this.#config));
    const entries = await listDirectory(this.#host.filesystem, area);
    const isWorkspace = (entry: string) => entry.startsWith(`${name}~`) && entry.endsWith('.work');
    return !entries.some((entry) => entry.name === damageMark(name) || isWorkspace(entry.name));
  }

  /** Fetches a template, or takes one into the records that is there without. */
  #bring(name: string, options: EnsureOptions): Promise<Template> {
    const request = addRequest(name, options.fetch, options, 'use');
    return perform(this.#host, addOperation(this.#config, this.#copies, request), {
      ...options,
      // Whoever fetches may take long; those who need the same template wait for it as long as it takes.
      lockWaitMs: options.lockWaitMs ?? Infinity,
    });
  }

  /** Nova's cache manager goes by the modification time (B022, B044): a template in use has to look young. */
  async #markUsed({ path }: Template): Promise<void> {
    await this.#host.filesystem.touch(path).catch((error: unknown) => {
      if (!isHostError(error, 'EACCES', 'EPERM', 'EROFS')) throw error;
      this.#host.events.emit({ type: 'warning', message: 'cannot mark a template as used' });
    });
  }

  /** A template that is in the store with its record, or undefined. */
  find(name: string): Promise<Template | undefined> {
    return reporting(`find template ${name}`, async () => {
      const found = await lookUp(this.#host, this.#config, checkName('template', name));
      return found.state === 'present' ? found.template : undefined;
    });
  }

  /** NOT_FOUND when there is no such template. */
  show(name: string): Promise<TemplateDescription> {
    return reporting(`show template ${name}`, async () =>
      showTemplate(this.#host, this.#config, this.#copies, checkName('template', name)),
    );
  }

  /** Sorted by name. */
  list(): Promise<readonly TemplateDescription[]> {
    return reporting('list the templates', () =>
      listTemplates(this.#host, this.#config, this.#copies),
    );
  }

  /** Reads the whole file and compares its checksum with the recorded one: CHECKSUM_MISMATCH when it differs. */
  verify(name: string, options: OperationOptions = {}): Promise<TemplateDescription> {
    return reporting(`verify template ${name}`, async () => {
      const found = await findInStore(this.#host, this.#config, checkName('template', name));
      if (found.state === 'present') {
        await verifyTemplate(this.#host, this.#config, found, options);
      } else {
        // Nothing to compare with: what Nova put there is taken into the records as it is.
        const request = addRequest(name, undefined, {}, 'use');
        await perform(this.#host, addOperation(this.#config, this.#copies, request), options);
      }
      return showTemplate(this.#host, this.#config, this.#copies, name);
    });
  }

  /** IN_USE while an image leans on it, or a disk is being made of it. */
  async delete(name: string, options: OperationOptions = {}): Promise<void> {
    checkName('template', name);
    await perform(this.#host, removeOperation(this.#config, this.#copies, name), options);
  }

  /** What `delete` would do. */
  async planDelete(name: string): Promise<Plan> {
    return plan(
      this.#host,
      removeOperation(this.#config, this.#copies, checkName('template', name)),
    );
  }

  /** Finishes or undoes what interrupted operations have left; see `Backend.recover`. */
  recover(turns: Turns, options: OperationOptions & { dryRun: boolean }) {
    return recoverTemplates(this.#host, this.#config, this.#copies, turns, options);
  }

  /** Removes templates that nothing uses and that were not used for a while; `dryRun` only tells which. */
  async prune(options: PruneOptions & OperationOptions = {}): Promise<PruneResult> {
    const templates = await this.list();
    const candidates = await reporting('find unused templates', () =>
      pruneCandidates(this.#host, this.#config, templates, options),
    );
    const ofDownloads = await reporting('remove broken downloads', () =>
      removePartialDownloads(this.#host, this.#config, options),
    );
    const remove = options.dryRun === true ? async () => {} : this.delete.bind(this);
    const result = await removeCandidates(candidates, (name) => remove(name, options));
    return { ...result, freedBytes: result.freedBytes + ofDownloads };
  }
}

/**
 * Whoever's lock was taken for stale finds what another one has put there, which is as good; or it failed when the template
 * was in its place already.
 */
function mayBeThere(error: unknown): boolean {
  if (!PlatterError.is(error)) return false;
  const { code, details } = error;
  return code === 'ALREADY_EXISTS' || code === 'LOCKED' || details['undo'] === 'finished';
}

function addRequest(
  name: string,
  source: SourceInput | undefined,
  { format, sha256 }: AddOptions,
  ifExists: AddRequest['ifExists'],
): AddRequest {
  checkName('template', name);
  checkAsked({ format, sha256 });
  const from = source === undefined ? undefined : imageSource(source);
  return { name, source: from, format, sha256, ifExists };
}

function checkAsked({ format, sha256 }: AddOptions): void {
  if (format !== undefined) checkDeclaredFormat(format);
  if (sha256 === undefined || /^[0-9a-f]{64}$/i.test(sha256)) return;
  throw new PlatterError('INVALID_ARGUMENT', 'the SHA-256 is not 64 hexadecimal digits', {
    details: { sha256 },
  });
}
