// Notes what one file call of Node did.
import { describeFile, digest } from './record-qemu.mjs';

export async function note(entries, name, call, action, ...files) {
  let result;
  try {
    const value = await action();
    result = { ok: true, ...(value === undefined ? {} : { value }) };
  } catch (error) {
    result = {
      ok: false,
      code: error.code,
      errno: error.errno,
      syscall: error.syscall,
      message: error.message,
    };
  }
  const described = files.flat().map((path) => {
    const file = describeFile(path);
    return file.exists && file.kind === undefined ? { ...file, content: digest(path) } : file;
  });
  entries.push({ name, call, ...result, files: described });
}
