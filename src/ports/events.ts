/** What happens, for logs, progress and metrics. */
export type PlatterEvent =
  | { readonly type: 'waiting'; readonly lock: string; readonly holder?: unknown }
  | {
      readonly type: 'command';
      readonly argv: readonly string[];
      readonly exitCode: number | null;
      readonly elapsedMs: number;
    }
  | { readonly type: 'step'; readonly operation: string; readonly description: string }
  | {
      readonly type: 'recovered';
      readonly operation: string;
      readonly target: string;
      readonly outcome: string;
    }
  | { readonly type: 'method'; readonly target: string; readonly method: string }
  | { readonly type: 'warning'; readonly message: string };

export interface EventSink {
  emit(event: PlatterEvent): void;
}
