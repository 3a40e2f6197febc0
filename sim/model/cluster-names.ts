/** What there is in the cluster of scenarios, by name. */
export const imagePool = 'vms';
export const templatePool = 'images';

/** Images that somebody else keeps there; some with names that are nearly a disk's. */
export const foreignImages = ['foreign', 'vm1-old_disk', 'vm10_disk'] as const;

/** Of an image service: those that are made of disks. */
export const serviceImages = ['i1', 'i2'] as const;
/** One that the service has from the start, and whose content is made to get at a file of the host. */
export const hostileImage = 'hostile';
