/** The door to platter as a library: images and templates on one host, with one configuration. */
import type { Config, ConfigInput } from '../config/config.ts';
import { reservePath } from '../config/layout.ts';
import { resolveConfig } from '../config/resolve.ts';
import { PlatterError, reporting } from '../errors.ts';
import {
  checkName,
  formatAddress,
  imageAddress,
  reservedName,
  type ImageAddress,
} from '../names.ts';
import type { OperationOptions } from '../operations/perform.ts';
import { Turns } from '../operations/turns.ts';
import type { Host } from '../ports/host.ts';
import type { ImageApi } from '../ports/image-api.ts';
import type { KeyManager } from '../ports/key-manager.ts';
import { keyDirectory } from '../encryption/key-directory.ts';
import type { Stray } from '../audit/stray.ts';
import type { Diagnosis } from '../doctor/check.ts';
import { keepReserve } from '../workspace/reserve.ts';
import { Templates } from '../templates/templates.ts';
import type { EngineContext } from './context.ts';
import { checkImageType, createDrivers } from './drivers.ts';
import { findImage, type FoundImage, type Purpose } from './find.ts';
import { Image } from './image.ts';
import { listImages } from './list.ts';
import { recoverImages, type Recovered } from './recover.ts';
import { describeImage, type ImageDescription } from './describe.ts';
import { templateCopies } from './stored-templates.ts';
import { templateImageApi } from './template-image-api.ts';

export interface BackendOptions {
  /** `nodeHost()`, or a simulated one. */
  readonly host: Host;
  /** The keys of the configuration file in camelCase; CONFIG_INVALID names a wrong one. */
  readonly config?: ConfigInput | undefined;
  /** Default: the files of `encryption.keyDirectory`, where that is configured. */
  readonly keyManager?: KeyManager | undefined;
  /** Whom `Image.clone` asks where an image is. Default: the template store. */
  readonly imageApi?: ImageApi | undefined;
}

export interface Instance {
  readonly id: string;
  /** Of the secret for disks that are encrypted. Default is the id of the instance. */
  readonly keyId?: string | undefined;
}

export class Backend {
  readonly templates: Templates;
  readonly config: Config;
  readonly #context: EngineContext;

  constructor({ host, config, keyManager, imageApi }: BackendOptions) {
    this.config = resolveConfig(config);
    const drivers = createDrivers({
      host,
      config: this.config,
      keyManager: keyManager ?? keyDirectory(host.filesystem, this.config),
    });
    this.templates = new Templates(host, this.config, templateCopies(host, drivers));
    this.#context = {
      host,
      config: this.config,
      templates: this.templates,
      drivers,
      imageApi: imageApi ?? templateImageApi(this.templates, drivers),
    };
  }

  /**
   * The image of an instance, whether it exists or not; touches nothing. `type` is a backend, `raw` for `flat`, or
   * `default` (B126); INVALID_ARGUMENT for any other.
   */
  image(instance: Instance, disk: string, type?: string): Image {
    const address = this.#address(instance.id, disk);
    const driver = this.#context.drivers.get(checkImageType(type, this.config));
    return new Image({ ...this.#context, address, driver, keyId: keyIdOf(instance) });
  }

  /** The image behind a path as libvirt has it (B127). */
  snapshot(instance: Instance, path: string, type?: string): Image {
    checkName('instance', instance.id);
    const driver = this.#context.drivers.get(checkImageType(type, this.config));
    const { disk } = driver.parsePath(instance.id, path);
    const address = this.#address(instance.id, disk);
    return new Image({ ...this.#context, address, driver, keyId: keyIdOf(instance) });
  }

  /**
   * The image that exists under this address, whichever backend holds it; NOT_FOUND when there is none. One that is only to be
   * destroyed (`isToGo`) is found also where it is damaged.
   */
  async find(
    { instance, disk }: ImageAddress,
    type?: string,
    purpose: Purpose = {},
  ): Promise<Image> {
    const address = this.#address(instance, disk);
    const { driver } = await this.#require(address, type, purpose);
    return new Image({ ...this.#context, address, driver, keyId: instance });
  }

  /** What `find` and `info()` give, with one look. */
  async show({ instance, disk }: ImageAddress, type?: string): Promise<ImageDescription> {
    return describeImage(await this.#require(this.#address(instance, disk), type));
  }

  /** The store of the templates lies beside the instances: none of them can have its name. */
  #address(instance: string, disk: string): ImageAddress {
    const address = imageAddress(instance, disk);
    if (instance !== this.config.imageCache.subdirectoryName) return address;
    throw reservedName('instance', instance);
  }

  async #require(
    address: ImageAddress,
    type: string | undefined,
    purpose: Purpose = {},
  ): Promise<FoundImage> {
    const only = type === undefined ? undefined : checkImageType(type, this.config);
    const found = await reporting(`find ${formatAddress(address)}`, () =>
      findImage(this.#context, address, only, purpose),
    );
    if (found !== undefined) return found;
    const what = only === undefined ? 'image' : `${only} image`;
    throw new PlatterError('NOT_FOUND', `there is no ${what} ${formatAddress(address)}`, {
      details: { ...address, ...(only === undefined ? {} : { backend: only }) },
      hint: 'platter image list',
    });
  }

  /** Whether this host has what the configuration needs, and what it can do; changes nothing. */
  async diagnose(): Promise<Diagnosis> {
    const { diagnose } = await import('../doctor/doctor.ts');
    const { host, config, drivers } = this.#context;
    return reporting('examine this host', () => diagnose(host, config, drivers));
  }

  /** Everything on this host that no record explains, classified; changes nothing. */
  async audit(): Promise<readonly Stray[]> {
    const { audit } = await import('../audit/audit.ts');
    return reporting('look for strays', () => audit(this.#context));
  }

  /** Finishes or undoes what interrupted operations have left on images and templates; `dryRun` only tells. */
  async recover(
    options: OperationOptions & { dryRun?: boolean } = {},
  ): Promise<readonly Recovered[]> {
    const request = { ...options, dryRun: options.dryRun ?? false };
    return reporting('recover', async () => {
      const turns = new Turns();
      const recovered = [
        ...(await this.templates.recover(turns, request)),
        ...(await recoverImages(this.#context, turns, request)),
      ];
      if (!request.dryRun) await keepReserve(this.#context.host, reservePath(this.config));
      turns.end(recovered.map(({ target }) => target));
      return recovered;
    });
  }

  /** All images, or those of one instance, or of one backend; sorted by address. */
  async list(instance?: string, type?: string): Promise<readonly ImageDescription[]> {
    if (instance !== undefined) checkName('instance', instance);
    const only = type === undefined ? undefined : checkImageType(type, this.config);
    return reporting('list the images', () => listImages(this.#context, instance, only));
  }
}

function keyIdOf({ id, keyId }: Instance): string {
  return keyId === undefined ? id : checkName('key', keyId);
}
