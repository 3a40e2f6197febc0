/** node:crypto, loaded when it is first used: loading it takes a command that only shows something a tenth of its time. */
export function nodeCrypto() {
  return process.getBuiltinModule('node:crypto');
}
