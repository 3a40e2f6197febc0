import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The file that takes longest goes first where two workers share the files; vitest goes by size, and this one is small. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => moduleId.endsWith('/lvm/images.test.ts');
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    // Real tools on a shared machine: what hangs is found, what is slow is not punished.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/*.test.ts', 'test/unit/**/*.test.ts'] },
      },
      {
        extends: true,
        test: { name: 'sim', include: ['test/sim/**/*.test.ts', 'test/example/**/*.test.ts'] },
      },
      { extends: true, test: { name: 'inspector', include: ['test/inspector/**/*.test.ts'] } },
      {
        extends: true,
        // Drives qemu-img, the built command and loop mounts.
        test: { name: 'real', include: ['test/real/**/*.test.ts'], testTimeout: 300_000 },
      },
      {
        extends: true,
        // In the VM of scripts/lab/lvm alone, which is slow, and has two CPUs, and two disks: one for each worker.
        test: {
          name: 'lvm',
          include: ['test/lvm/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
          isolate: false,
        },
      },
      {
        extends: true,
        // Needs a cluster: scripts/lab/ceph run -- npx vitest run --project rbd
        // Its files have a namespace each, and wait for the cluster most of their time.
        test: {
          name: 'rbd',
          include: ['test/rbd/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 4,
        },
      },
    ],
  },
});
