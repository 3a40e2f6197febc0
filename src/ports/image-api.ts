/** Where an image service keeps an image: what `Image.clone` asks (B096-B102). */
export interface ImageMetadata {
  readonly id: string;
  /** As the service declares it: `raw`, `qcow2`, `iso`, … */
  readonly diskFormat: string;
  /** URLs such as `rbd://<fsid>/<pool>/<image>/<snapshot>`. */
  readonly locations: readonly string[];
}

export interface ImageApi {
  /** Rejects with NOT_FOUND when there is no such image. */
  get(imageId: string): Promise<ImageMetadata>;
}
