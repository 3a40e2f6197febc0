/** The drivers by type. A new technology is a folder beside this file and a line here. */
import { imageTypes, type Config, type ImageType } from '../config/config.ts';
import { PlatterError } from '../errors.ts';
import { nearest } from '../config/nearest.ts';
import { unknownOperation, type Intent, type Workspace } from '../workspace/workspace.ts';
import type { Driver, DriverContext, DriverFactory } from './driver.ts';
import { flatDriver } from './flat/flat-driver.ts';
import { ploopDriver } from './ploop/ploop-driver.ts';
import { lvmDriver } from './lvm/lvm-driver.ts';
import { qcow2Driver } from './qcow2/qcow2-driver.ts';
import { rbdDriver } from './rbd/rbd-driver.ts';

const factories: Record<ImageType, DriverFactory> = {
  flat: flatDriver,
  qcow2: qcow2Driver,
  lvm: lvmDriver,
  ploop: ploopDriver,
  rbd: rbdDriver,
};

/** Whether the configuration names where images of a type would be: the others have nothing to be asked. */
const isConfigured: Partial<Record<ImageType, (config: Config) => boolean>> = {
  lvm: ({ lvm }) => lvm.volumeGroup !== undefined,
  rbd: ({ rbd }) => rbd.pool !== undefined,
};

/** Makes each driver when it is first asked for. */
export interface Drivers {
  get(type: ImageType): Driver;
  /** All that this configuration can reach. */
  all(): readonly Driver[];
}

export function createDrivers(context: DriverContext): Drivers {
  const made = new Map<ImageType, Driver>();
  const get = (type: ImageType): Driver => {
    const known = made.get(type);
    if (known !== undefined) return known;
    const driver = factories[type](context);
    made.set(type, driver);
    return driver;
  };
  return {
    get,
    all: () => imageTypes.filter((type) => isConfigured[type]?.(context.config) ?? true).map(get),
  };
}

/** `raw` is another name for `flat`, `default` (or nothing) is the configured type (B126); others are refused. */
export function checkImageType(name: string | undefined, config: Config): ImageType {
  if (name === undefined || name === '' || name === 'default') return config.defaultImageType;
  if (name === 'raw') return 'flat';
  const type = imageTypes.find((known) => known === name);
  if (type !== undefined) return type;
  const suggestion = nearest(name, [...imageTypes, 'raw']);
  throw new PlatterError('INVALID_ARGUMENT', `unknown backend ${JSON.stringify(name)}`, {
    details: { backend: name },
    hint:
      suggestion === undefined
        ? `backends are ${imageTypes.join(', ')}`
        : `did you mean ${suggestion}?`,
  });
}

export function driverOfIntent(drivers: Drivers, leftover: Workspace, intent: Intent): Driver {
  const type = imageTypes.find((known) => known === intent['backend']);
  if (type === undefined) throw unknownOperation(leftover, intent);
  return drivers.get(type);
}
