import { imagesContract } from '../contract/images.contract.ts';
import { realFileImages } from './file-images.ts';

imagesContract('flat, real', 'flat', realFileImages());
imagesContract('qcow2, real', 'qcow2', realFileImages());
imagesContract(
  'flat with reserved space, real',
  'flat',
  realFileImages(undefined, { preallocateImages: 'space' }),
);
imagesContract(
  'qcow2 with reserved space, real',
  'qcow2',
  realFileImages(undefined, { preallocateImages: 'space' }),
);
