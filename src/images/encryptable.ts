/** Where disks have to be encrypted, none is made that would not be (B001). */
import { unsupported, type ImageHandle } from './context.ts';

/** They hold nothing of the guest's, and Nova keeps them as plain flat files always (B002). */
const plainDisks = new Set(['kernel', 'ramdisk', 'disk.config']);

/** NOT_SUPPORTED where `encryption.enabled` asks for what the backend cannot do. */
export async function requireEncryptable({ config, driver, address }: ImageHandle): Promise<void> {
  if (!config.encryption.enabled) return;
  if (driver.type === 'flat' && plainDisks.has(address.disk)) return;
  if ((await driver.capabilities(address)).encryption) return;
  throw unsupported(
    driver.type,
    'encryption',
    'encryption.enabled is set: make it an lvm image, or take that out of the configuration',
  );
}
