/** Secrets for encrypted disks. */
export interface KeyManager {
  /** The secret as hexadecimal text. Rejects with NOT_FOUND when there is no such key. */
  getSecret(keyId: string): Promise<string>;
}
