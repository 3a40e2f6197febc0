/** Failures of simulated system calls, as Node reports real ones. */

export class SimErrno extends Error {
  readonly code: string;
  readonly path: string | undefined;

  constructor(code: string, path?: string) {
    super(path === undefined ? code : `${code}: ${path}`);
    this.code = code;
    this.path = path;
  }
}

export function errno(code: string, path?: string): SimErrno {
  return new SimErrno(code, path);
}
