/** Where things are on disk, as Nova has them (CONTRACT.md section 5). */
import type { Config } from './config.ts';
import type { ImageAddress } from '../names.ts';

export function instanceDirectory(config: Config, instance: string): string {
  return `${config.instancesPath}/${instance}`;
}

/** B005 */
export function imagePath(config: Config, { instance, disk }: ImageAddress): string {
  return `${instanceDirectory(config, instance)}/${disk}`;
}

/** B010 */
export function templatesDirectory(config: Config): string {
  return `${config.instancesPath}/${config.imageCache.subdirectoryName}`;
}

/** Space that is kept back (workspace/reserve.ts); Nova passes over names with a leading dot. */
export function reservePath(config: Config): string {
  return `${config.instancesPath}/.platter-reserve`;
}

/** B004: beside the instances, so that hosts which share these share the locks. */
export function locksDirectory(config: Config): string {
  return `${config.instancesPath}/locks`;
}
