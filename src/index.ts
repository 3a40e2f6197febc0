/** platter as a library. */
export { nodeHost, type NodeHostOptions } from './adapters/node-host.ts';
export { errorCodes, PlatterError, type ErrorCode, type ErrorDetails } from './errors.ts';
export { Backend, type BackendOptions, type Instance } from './images/backend.ts';
export type { Image, ExtractOptions, SnapshotOutcome } from './images/image.ts';
export type { CacheRequest, CreateImageRequest } from './images/making.ts';
export type { ImageChange } from './images/change.ts';
export type { ImageDescription } from './images/describe.ts';
export type { Capabilities, SnapshotFacts } from './images/driver.ts';
export type { ImageModel, LocalBlockImage, LocalFileImage, RbdImage } from './images/model.ts';
export type {
  FetchFunction,
  FetchOptions,
  NamedStream,
  Progress,
  SourceInput,
} from './ingress/source.ts';
export type {
  DiskRequest,
  FilesystemRequest,
  LibvirtDisk,
  LibvirtFilesystem,
} from './libvirt/describe.ts';
export type { Recovered } from './images/recover.ts';
export type { Stray, StrayKind } from './audit/stray.ts';
export type { Check, Diagnosis } from './doctor/check.ts';
export type { OperationOptions } from './operations/perform.ts';
export type { Plan } from './operations/step.ts';
export type { AddOptions, Templates } from './templates/templates.ts';
export type { TemplateDescription } from './templates/template.ts';
export type { PruneOptions, PruneResult } from './templates/prune.ts';
export { imageTypes, type Config, type ConfigInput, type ImageType } from './config/config.ts';
export { formatSize, parseSize } from './sizes.ts';
export type { Host } from './ports/host.ts';
export type { Clock } from './ports/clock.ts';
export type { Digest, Digests } from './ports/digest.ts';
export type { EventSink, PlatterEvent } from './ports/events.ts';
export type { Command, Executor, RunOptions, RunResult } from './ports/executor.ts';
export type { DirectoryEntry, FileHandle, FileStat, Filesystem } from './ports/filesystem.ts';
export type { HostFacts, ProcessIdentity } from './ports/host-facts.ts';
export type { ByteStream, Http, HttpRequest, HttpResponse } from './ports/http.ts';
export type { ImageApi, ImageMetadata } from './ports/image-api.ts';
export type { KeyManager } from './ports/key-manager.ts';
export type { Lock, LockOwner, LockRequest, Locks } from './ports/locks.ts';
export type { Random } from './ports/random.ts';
