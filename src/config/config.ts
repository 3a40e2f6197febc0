/** The configuration of the engine: what the TOML file says, in camelCase, with every default filled in. */
import type { ImageLimits } from '../inspector/limits.ts';

/** The technologies that hold images, by the names that records, files and the command use. */
export const imageTypes = ['flat', 'qcow2', 'lvm', 'rbd', 'ploop'] as const;

export type ImageType = (typeof imageTypes)[number];

export interface ToolLimits {
  /** CPU time of a tool that reads an untrusted file. Default is 30 s (B146). */
  readonly toolCpuSeconds: number;
  /** Address space of a tool that reads an untrusted file. Default is 2 GiB (B146). */
  readonly toolMemoryBytes: number;
  /** Wall-clock time of a tool that only reads or changes metadata. Default is 120 s. */
  readonly toolTimeoutSeconds: number;
}

export interface ReceptionLimits {
  /**
   * What is received of one image over HTTP, from a stream or standard input, or written by a function. Default is
   * 1 TiB. A file of the host is copied as large as it is.
   */
  readonly maxReceivedBytes: number;
}

export interface Config {
  /** Where instances, templates and locks are. Absolute. Default is `/var/lib/platter/instances`. */
  readonly instancesPath: string;
  /** What `default` stands for. Default is `qcow2`. */
  readonly defaultImageType: ImageType;
  /** Reserve the space of new file images at once (B006, B017). Default is `none`. */
  readonly preallocateImages: 'none' | 'space';
  /**
   * true: templates are converted to raw on their way in (B142). false: a flat image of a qcow2 template is
   * qcow2 (B040). Unset, the default: flat images are raw. Templates that are neither raw nor qcow2 become raw in any case.
   */
  readonly forceRawImages: boolean | undefined;
  /** Compress qcow2 files that are extracted from images (B150). Default is false. */
  readonly snapshotCompression: boolean;
  /** Long disk operations of one process at a time; 0 is unlimited, the default. */
  readonly maxConcurrentDiskOps: number;
  readonly imageCache: {
    /** Directory of the templates below `instancesPath`. Default is `_base`. */
    readonly subdirectoryName: string;
    /** How long a template has to be unused before `template prune` removes it. Default is 86400 (24 h). */
    readonly minimumAgeSeconds: number;
    /** `template prune` removes unused templates, the longest unused first, down to this size. Default: no limit. */
    readonly maximumBytes: number | undefined;
  };
  readonly lvm: {
    readonly volumeGroup: string | undefined;
    readonly thinPool: string | undefined;
    /** Default is false. */
    readonly sparse: boolean;
    /** Default is `zero`. */
    readonly volumeClear: 'zero' | 'shred' | 'none';
    /** How much of a volume is cleared; 0, the default, is all of it. */
    readonly volumeClearSizeMib: number;
  };
  readonly rbd: {
    readonly pool: string | undefined;
    /** Where templates are kept. Default is `pool`. */
    readonly templatePool: string | undefined;
    readonly user: string | undefined;
    readonly cephConf: string | undefined;
    readonly secretUuid: string | undefined;
    /** Default is 5 (B088). */
    readonly connectTimeoutSeconds: number;
  };
  readonly libvirt: {
    /** Default is `kvm`. */
    readonly virtType: string;
    /** For example `file=writeback`, one entry a source type (B137). */
    readonly diskCachemodes: readonly string[];
    readonly hwDiskDiscard: 'ignore' | 'unmap' | undefined;
  };
  readonly encryption: {
    /** Default is false. */
    readonly enabled: boolean;
    /** Default is `aes-xts-plain64` (B082). */
    readonly cipher: string;
    /** In bits. Default is 512 (B082). */
    readonly keySize: number;
    readonly keyDirectory: string | undefined;
  };
  readonly limits: ImageLimits & ReceptionLimits & ToolLimits;
}

/** What callers give: any part of it. */
export type ConfigInput = {
  readonly [Key in Exclude<keyof Config, 'defaultImageType'>]?: Config[Key] extends object
    ? { readonly [Inner in keyof Config[Key]]?: Config[Key][Inner] | undefined }
    : Config[Key] | undefined;
} & { readonly defaultImageType?: ImageType | 'raw' | undefined };
