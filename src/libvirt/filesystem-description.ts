/** The `<filesystem>` element of a libvirt container (B139). */
import type { XMLBuilder } from 'xmlbuilder2/lib/interfaces.js';

export interface FilesystemDescription {
  readonly source:
    | { readonly type: 'block'; readonly path: string }
    | {
        readonly type: 'file';
        readonly path: string;
        readonly format: string;
        /** `loop`, `nbd` or `ploop`. */
        readonly driver: string;
      };
  /** Directory in the container. */
  readonly target: string;
}

export function writeFilesystem(
  document: XMLBuilder,
  { source, target }: FilesystemDescription,
): string {
  const element = document.ele('filesystem', { type: source.type });
  if (source.type === 'file') {
    element.ele('driver', { type: source.driver, format: source.format });
    element.ele('source', { file: source.path });
  } else {
    element.ele('source', { dev: source.path });
  }
  element.ele('target', { dir: target });
  return document.end({ headless: true, prettyPrint: true, wellFormed: true });
}
