/** What images are on every backend, on the real LVM. */
import { imagesContract } from '../contract/images.contract.ts';
import { lvmWorld, thin } from './lab.ts';

imagesContract('lvm, thin, real', 'lvm', lvmWorld(thin));
