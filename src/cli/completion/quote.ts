/** Words as literals of POSIX shells, which bash and zsh read alike. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
