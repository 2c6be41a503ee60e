'use strict';
/**
 * npm runs this at the end of `npm ci`, so that the first `npm start` has nothing left to compile.
 * It never fails an installation: `npm start` makes what is missing, and shows why it could not be
 * made. CommonJS, because without development packages an older Node runs it, which makes nothing.
 */
const NODE_MAJOR_MIN = 26;

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  import('./start/prepare.ts')
    .then(({ prepareStart }) => prepareStart())
    .catch(error => {
      process.stderr.write(`examples are not built yet (npm start tells more): ${error.message}\n`);
    });
}
