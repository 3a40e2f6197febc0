/** Reads from web servers. */

export interface HttpRequest {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for the headers, and for each piece of the body. */
  readonly timeoutMs: number;
  /** Whether the host may be one of this machine or of a private network. When false, PERMISSION_DENIED for those. */
  readonly allowInternal: boolean;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ByteStream;
}

/** Bytes that come once, in order. */
export interface ByteStream {
  /** The next piece, or undefined at the end. Rejects when the source broke off. */
  read(): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

export interface Http {
  /** One GET. Redirects are not followed: the caller sees the 3xx. Rejects with UNREACHABLE, TIMED_OUT or CANCELED. */
  get(request: HttpRequest): Promise<HttpResponse>;
}
