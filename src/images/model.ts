/** What an image is to those who open it: the result of `getModel`. */
export interface LocalFileImage {
  readonly kind: 'LocalFileImage';
  readonly path: string;
  readonly format: string;
}

/** A block device; its format is always raw. */
export interface LocalBlockImage {
  readonly kind: 'LocalBlockImage';
  readonly path: string;
}

export interface RbdImage {
  readonly kind: 'RbdImage';
  readonly name: string;
  readonly pool: string;
  readonly user: string | null;
  /** Uuid of libvirt's secret. */
  readonly secret: string | null;
  /** `host:port` of the monitors; IPv6 hosts in brackets (B117). */
  readonly servers: readonly string[];
}

export type ImageModel = LocalFileImage | LocalBlockImage | RbdImage;
