/** What must be true of every run. A new invariant is a file beside this one, and a line here. */
import type { Invariant } from '../model/invariant.ts';
import { allOrNothing } from './all-or-nothing.ts';
import { canStart } from './can-start.ts';
import { chains } from './chains.ts';
import { chainsContained } from './chains-contained.ts';
import { clones } from './clones.ts';
import { clusterTemplates } from './cluster-templates.ts';
import { cryptMaps } from './crypt-maps.ts';
import { diskInfo } from './disk-info.ts';
import { durability } from './durability.ts';
import { encryptedDisks } from './encrypted-disks.ts';
import { errorHonesty } from './error-honesty.ts';
import { exports } from './exports.ts';
import { failedWithoutEffect } from './failed-without-effect.ts';
import { foreignFiles } from './foreign-files.ts';
import { foreignUntouched } from './foreign-images.ts';
import { foreignVolumes } from './foreign-volumes.ts';
import { imageRecords } from './image-records.ts';
import { inUse } from './in-use.ts';
import { keptTemplates } from './kept-templates.ts';
import { leftAlone } from './left-alone.ts';
import { makers } from './makers.ts';
import { noLostDisk } from './no-lost-disk.ts';
import { noShrink } from './no-shrink.ts';
import { orphans } from './orphans.ts';
import { outcome } from './outcome.ts';
import { overtaken } from './overtaken.ts';
import { permissions } from './permissions.ts';
import { ploopLengths } from './ploop-lengths.ts';
import { provenOnly } from './proven-only.ts';
import { nothingLeft, recovered } from './recovered.ts';
import { sameTemplates } from './same-templates.ts';
import { removedRecords } from './removed-records.ts';
import { secrets } from './secrets.ts';
import { imagesOfService } from './service-images.ts';
import { singleFlight } from './single-flight.ts';
import { snapshotNames } from './snapshot-names.ts';
import { snapshotsKept } from './snapshots-kept.ts';
import { spaceChecked } from './space-checked.ts';
import { staleBytes } from './stale-bytes.ts';
import { templateRecords } from './template-records.ts';
import { templatesAreImmutable } from './templates.ts';
import { toldOutcome } from './told-outcome.ts';
import { undoTold } from './undo-told.ts';
import { volumeTemplates } from './volume-templates.ts';
import { wholeDisks } from './whole-disks.ts';
import { wiped } from './wiped.ts';

export const invariants: readonly Invariant[] = [
  wholeDisks,
  canStart,
  noLostDisk,
  makers,
  noShrink,
  outcome,
  failedWithoutEffect,
  toldOutcome,
  undoTold,
  allOrNothing,
  leftAlone,
  templatesAreImmutable,
  keptTemplates,
  sameTemplates,
  imageRecords,
  removedRecords,
  templateRecords,
  permissions,
  chains,
  ploopLengths,
  clones,
  clusterTemplates,
  imagesOfService,
  volumeTemplates,
  foreignFiles,
  foreignUntouched,
  durability,
  recovered,
  nothingLeft,
  diskInfo,
  errorHonesty,
  exports,
  inUse,
  singleFlight,
  provenOnly,
  chainsContained,
  staleBytes,
  wiped,
  snapshotNames,
  snapshotsKept,
  foreignVolumes,
  spaceChecked,
  secrets,
  encryptedDisks,
  cryptMaps,
  orphans,
  overtaken,
];
