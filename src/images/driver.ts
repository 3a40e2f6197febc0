/**
 * What a technology that holds images has to provide. One folder a technology, each with a `<type>-driver.ts`.
 *
 * A driver finds things out at once and changes things only by the steps that it returns, so that every change can be
 * shown before it is made. Locks, leftovers, the order of steps and what a failure means are the matter of
 * operations/perform.ts and images/operations, which are the same for all.
 */
import type { Known, Stray } from '../audit/stray.ts';
import type { Config, ImageType } from '../config/config.ts';
import type { ProvenImage } from '../ingress/proven.ts';
import type { LibvirtSource } from '../libvirt/source.ts';
import type { ImageAddress } from '../names.ts';
import type { Outcome } from '../operations/perform.ts';
import type { Session, Step } from '../operations/step.ts';
import type { Host } from '../ports/host.ts';
import type { ImageMetadata } from '../ports/image-api.ts';
import type { KeyManager } from '../ports/key-manager.ts';
import type { TemplateIdentity } from '../templates/copies.ts';
import type { Intent, Workspace } from '../workspace/workspace.ts';
import type { Look } from './image-record.ts';
import type { ImageModel } from './model.ts';

export interface Capabilities {
  /** Snapshots can be made, restored and deleted. */
  readonly snapshots: boolean;
  /** New images share their data with the template. */
  readonly sharesTemplateData: boolean;
  /** `flatten` has something to do: images lean on others. */
  readonly flatten: boolean;
  /** `clone` takes images of an image service without copying them. */
  readonly clone: boolean;
  /** `directSnapshot` makes an image of an image service without copying. */
  readonly directSnapshot: boolean;
  readonly encryption: boolean;
  /** All hosts see the same images. */
  readonly sharedBlockStorage: boolean;
}

export interface SnapshotFacts {
  readonly name: string;
  /** What its backend knows it by; unique in its image. */
  readonly id: string;
  /** Size of the disk when the snapshot was made. */
  readonly sizeBytes: number;
  /** ISO time in UTC; null where the backend does not keep it. */
  readonly createdAt: string | null;
}

/** What a driver finds of an image. */
export interface ImageFacts {
  readonly address: ImageAddress;
  /** What libvirt is given: a file, a device, or `rbd:<pool>/<image>`. */
  readonly path: string;
  readonly format: string;
  readonly virtualSizeBytes: number;
  /** Sizes that it can have are multiples of this. */
  readonly granuleBytes: number;
  readonly allocatedBytes: number;
  /** Name of the template that it was made of; null when there was none or nobody knows. */
  readonly template: string | null;
  /** SHA-256 of that template, where it was recorded of a disk that may lean on its file. */
  readonly templateSha256?: string | null;
  /** Oldest first. */
  readonly snapshots: readonly SnapshotFacts[];
  /** What it leans on, if on anything. */
  readonly backing: string | null;
  /** How it was made, if that was recorded. */
  readonly method: string | null;
  /** ISO time in UTC; null for images that Nova made. */
  readonly createdAt: string | null;
  /** That its content cannot be read by its format, where it is only to go. */
  readonly isDamaged?: boolean;
  /** Of its record; null for images that Nova made. */
  readonly recordId: string | null;
  /** What its backend tells of where it is kept (pools and how full they are), in its own words. */
  readonly storage?: Readonly<Record<string, unknown>>;
}

/** What a new image is made of. */
export type Base =
  | { readonly kind: 'blank' }
  | {
      readonly kind: 'template';
      readonly name: string;
      readonly sha256: string;
      readonly image: ProvenImage;
      readonly fileSizeBytes: number;
    }
  /** A file that a step before has put into the workspace as `content`, and that has passed the gate by then. */
  | {
      readonly kind: 'private file';
      readonly format: string;
      readonly image: () => ProvenImage;
    }
  | { readonly kind: 'snapshot'; readonly origin: ImageFacts; readonly snapshot: SnapshotFacts };

/** What an image service keeps where a driver can share it. */
export interface SharedBase {
  readonly kind: 'location';
  /** `rbd://<fsid>/<pool>/<image>/<snapshot>` */
  readonly url: string;
  readonly diskFormat: string;
  readonly sizeBytes: number;
}

export interface CreateOrder {
  readonly address: ImageAddress;
  readonly base: Base;
  /** A multiple of the granule, and not below the size of the base. */
  readonly sizeBytes: number;
  /** Of the secret, where the image is to be encrypted. */
  readonly keyId: string;
  /** What is there, and goes when the new image is finished; only drivers that share are given any. */
  readonly replaces?: ImageFacts | undefined;
}

export interface ShareOrder extends Omit<CreateOrder, 'base'> {
  readonly base: SharedBase;
}

/** How an image is made. */
export interface Making {
  /** Make the image privately and then publish it. */
  readonly steps: readonly Step[];
  /** After the steps: what they made, where the driver knows it without another look. */
  readonly made?: () => ImageFacts | undefined;
}

/** What stands under an address, and the way to make an image there: one look serves both. */
export interface Site {
  readonly existing: ImageFacts | undefined;
  /** Steps after which what exists can be opened: none where it can be already. Default is none. */
  readonly opening?: readonly Step[];
  /** Sizes of images made here are multiples of this. */
  readonly granuleBytes: number;
  /** Called only where nothing exists. */
  plan(order: CreateOrder): Promise<Making>;
}

export interface ExportOrder {
  readonly facts: ImageFacts;
  readonly snapshot: SnapshotFacts | undefined;
  /** A private file to make. */
  readonly target: string;
  readonly format: string;
  readonly compress: boolean;
}

/** How images are shared with an image service (B096-B102, B108-B110). */
export interface Sharing {
  /** The first location of an image that it can be cloned from; NOT_SUPPORTED when there is none. */
  locate(image: ImageMetadata): Promise<SharedBase>;
  /** How an image is made of what `locate` found. */
  plan(order: ShareOrder, session: Session): Promise<Making>;
  /** Where it has a template; undefined when no image was made of that yet. */
  locateTemplate(template: TemplateIdentity): Promise<string | undefined>;
  /** Steps that make an image of an image service of the current content; where it will be. */
  directSnapshot(
    facts: ImageFacts,
    order: { snapshot: string; imageId: string },
    session: Session,
  ): Promise<{ readonly steps: readonly Step[]; readonly location: string }>;
  /** Steps that remove the snapshot at a location, and the image with it when that is wanted. */
  cleanUp(location: string, options: { destroy: boolean }): Promise<readonly Step[]>;
}

export interface Driver {
  readonly type: ImageType;
  /** Format of the images that it makes when nothing else is said. */
  readonly format: string;
  readonly isFileInInstancePath: boolean;
  readonly isSharedBlockStorage: boolean;

  path(address: ImageAddress): string;
  /** The image behind a path as libvirt has it; INVALID_ARGUMENT when it is none of the instance's. */
  parsePath(instance: string, path: string): ImageAddress;
  capabilities(address: ImageAddress): Promise<Capabilities>;
  /** Undefined when there is no such image. `look` is what the caller has seen already. */
  find(address: ImageAddress, look?: Look): Promise<ImageFacts | undefined>;
  /** The same for who only removes it, where a damaged one of platter's is found too; absent where `find` does. */
  findToRemove?(address: ImageAddress, look?: Look): Promise<ImageFacts | undefined>;
  /** The images that no file below the instances path may tell of; none where images are files. */
  list(): Promise<readonly ImageAddress[]>;
  model(address: ImageAddress): Promise<ImageModel>;
  /** Where libvirt finds it, also before it exists. */
  libvirtSource(address: ImageAddress): Promise<LibvirtSource>;

  /** ALREADY_EXISTS when something stands there that is no image. */
  survey(address: ImageAddress, session: Session, look: Look): Promise<Site>;
  /**
   * UNSAFE_IMAGE where a tool that opens the image would be led to something else: asked before any does, for images
   * that platter has no record of. Absent where what images hold leads nowhere.
   */
  checkReferences?(facts: ImageFacts): Promise<void>;
  /** Steps that grow it; the size is above its current one. */
  resize(facts: ImageFacts, sizeBytes: number): Promise<readonly Step[]>;
  /** Steps after which it leans on nothing; none when it does not lean on anything. */
  flatten(facts: ImageFacts): Promise<readonly Step[]>;
  createSnapshot(facts: ImageFacts, name: string): Promise<readonly Step[]>;
  deleteSnapshot(facts: ImageFacts, snapshot: SnapshotFacts): Promise<readonly Step[]>;
  restoreSnapshot(facts: ImageFacts, snapshot: SnapshotFacts): Promise<readonly Step[]>;
  export(order: ExportOrder): Promise<readonly Step[]>;
  /** After an export that was broken off: closes what it had opened to read the disk, or a snapshot of it. */
  endExport?(session: Session, leftover: Workspace, snapshotId: string | undefined): Promise<void>;
  /** Steps that remove it with its snapshots. IN_USE while somebody has it open or leans on it. */
  destroy(facts: ImageFacts, options: { wipe: boolean }): Promise<readonly Step[]>;
  /**
   * What it keeps outside of the instances path and nothing explains (`platter audit`). Reads only, and asks for what is
   * known after it has looked at what there is.
   */
  strays?(known: () => Promise<Known>): Promise<readonly Stray[]>;
  /** Where it keeps templates itself: images then lean on those. */
  readonly templates?: {
    /** Images that lean on one, as `<instance>/<disk>` where they are images of instances. */
    usersOf(template: TemplateIdentity): Promise<readonly string[]>;
    /** Removes one that nothing leans on, by the operation of this id; also what it had begun to remove. */
    remove(session: Session, template: TemplateIdentity, id: string): Promise<void>;
  };
  /** Where images can be shared with an image service without copying them. */
  readonly sharing?: Sharing;
  /** Finishes or undoes what an operation on one of its images began in place. */
  recover(session: Session, leftover: Workspace, intent: Intent): Promise<Outcome>;
}

/** What drivers are made of. */
export interface DriverContext {
  readonly host: Host;
  readonly config: Config;
  /** Undefined where there are no secrets to be had. */
  readonly keyManager: KeyManager | undefined;
}

/** CONFIG_INVALID where the configuration lacks what the driver needs. */
export type DriverFactory = (context: DriverContext) => Driver;
