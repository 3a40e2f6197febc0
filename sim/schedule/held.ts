/** What the gate holds, and whom it belongs to. */

/** A simulated process, as far as scheduling goes. */
export interface Owner {
  /** Smaller ids were there first. */
  readonly id: number;
  /** Of tools: whom they work for. */
  readonly parent?: Owner | undefined;
  isAlive: boolean;
  /** Virtual time until which it stands still. */
  pausedUntilUs: number;
}

/** Something that can go on when the scheduler lets it. */
export interface Held {
  readonly owner: Owner;
  /** For traces: `filesystem.link`. */
  readonly name: string;
  /** For traces: what it is about. */
  readonly subject: string;
  /** Takes effect; resumes whoever waits for it. */
  proceed(): void;
}

export interface Timer {
  cancel(): void;
}

export type Answer<Value> = (
  resolve: (value: Value) => void,
  reject: (error: Error) => void,
) => void;

export function attempt<Value>(effect: () => Value): Answer<Value> {
  try {
    const value = effect();
    return (resolve) => resolve(value);
  } catch (error) {
    return (_, reject) => reject(error as Error);
  }
}

/** The answer to a call; the first one counts, and only while the caller lives. */
export interface Settle<Value> {
  resolve(value: Value): void;
  reject(error: unknown): void;
}
