/** Sizes and formats. */
import type { Mutant } from '../mutant.ts';

export const sizeMutants: readonly Mutant[] = [
  {
    id: 'shrink-allowed',
    description: 'a resize to less than the disk has goes through',
    backend: 'qcow2',
    profile: 'calm',
    patches: [
      {
        module: 'images/operations/resize',
        find: 'if (sizeBytes < current) throw cannotShrink(image, current, asked);',
        replace: '',
      },
      {
        module: 'tools/qemu-img/argv',
        find: '{ mayShrink = false, opensChain = false } = {}',
        replace: '{ mayShrink = true, opensChain = false } = {}',
      },
    ],
  },
  {
    id: 'too-small-allowed',
    description: 'a disk is made smaller than what it is made of',
    backend: 'qcow2',
    profile: 'calm',
    patches: [
      {
        module: 'images/operations/create',
        find: 'if (asked !== 0 && baseBytes !== undefined && asked < baseBytes) throw tooSmall(asked, baseBytes);',
        replace: '',
      },
    ],
  },
  {
    id: 'growth-forgotten',
    description: 'a flat disk stays as large as its template',
    backend: 'flat',
    profile: 'calm',
    patches: [
      {
        module: 'images/flat/create',
        find: 'if (stat.sizeBytes < target) await filesystem.truncate(path, target);',
        replace: '',
      },
    ],
  },
  {
    id: 'backing-format-raw',
    description: 'every template is taken for raw by the overlays on it',
    backend: 'qcow2',
    profile: 'calm',
    patches: [
      {
        module: 'tools/qemu-img/argv',
        find: "const leaning = ['-b', backing.path, '-F', backing.format];",
        replace: "const leaning = ['-b', backing.path, '-F', 'raw'];",
      },
    ],
  },
  {
    id: 'backing-format-forgotten',
    description: 'the format of the backing file is not named',
    backend: 'qcow2',
    profile: 'calm',
    patches: [
      {
        module: 'tools/qemu-img/argv',
        find: "const leaning = ['-b', backing.path, '-F', backing.format];",
        replace: "const leaning = ['-b', backing.path];",
      },
    ],
  },
  {
    id: 'format-not-recorded',
    description: 'disk.info does not tell the format of new disks (D04)',
    backend: 'qcow2',
    profile: 'calm',
    patches: [
      {
        module: 'images/files/publish-image',
        find: 'alongside: formatChange(host, config, workspace, address.instance, { path, format: record.format, }),',
        replace: '',
      },
    ],
  },
  {
    id: 'gate-skipped',
    description: 'what comes from outside goes to qemu-img without a look at it',
    backend: 'qcow2',
    profile: 'calm',
    patches: [
      {
        module: 'ingress/gate',
        find: 'requireSafe(inspection); const image',
        replace: 'const image',
      },
    ],
  },
  {
    id: 'gate-skipped-for-templates',
    description: 'what is to be a template goes to qemu-img without a look at it',
    backend: 'qcow2',
    profile: 'calm',
    patches: [
      {
        module: 'ingress/gate',
        find: 'requireSafe(inspection); const image',
        replace: "if (!path.includes('/_base/')) requireSafe(inspection); const image",
      },
    ],
  },
  {
    id: 'gate-skipped-for-functions',
    description: 'what a function wrote as a disk is taken for raw without a look at it',
    backend: 'flat',
    profile: 'calm',
    patches: [
      {
        module: 'images/operations/create',
        find: 'return passGate(host, config, target, what.declaredFormat);',
        replace: "return stored(target, 'raw', 1048576);",
      },
    ],
  },
  {
    id: 'gate-skipped-for-imports',
    description: 'a file is imported as what its own header says, without a look at the rest',
    backend: 'qcow2',
    profile: 'calm',
    patches: [
      {
        module: 'ingress/gate',
        find: 'requireSafe(inspection); requireDisk(inspection, declaredFormat);',
        replace: '',
      },
      {
        module: 'ingress/receive',
        find: 'requireSafe(await inspectOpenFile(file, reception.limits, reception.declaredFormat));',
        replace: '',
      },
      {
        module: 'images/operations/create',
        find: 'return passGate(host, config, target, what.declaredFormat);',
        replace: "return stored(target, 'qcow2', 1048576);",
      },
    ],
  },
  {
    id: 'reserve-not-spent',
    description: 'on a full filesystem nothing can be removed, for that takes space too',
    backend: 'qcow2',
    profile: 'disk',
    patches: [
      {
        module: 'workspace/reserve',
        find: 'await filesystem.unlink(path); return true;',
        replace: 'return false;',
      },
    ],
  },
  {
    id: 'wipe-believes-full-disk',
    description: 'a write for which there is no space is taken for one that has wiped',
    backend: 'flat',
    profile: 'disk',
    patches: [
      {
        module: 'images/files/overwrite',
        find: "if (isHostError(error, 'ENOSPC', 'EDQUOT')) return error;",
        replace: "if (isHostError(error, 'ENOSPC', 'EDQUOT')) return undefined;",
      },
    ],
  },
];
