// What is reached from outside, for the functions that ask there: every proxy's address, and the certificates' names.
const setting = ({ resolveVariable }, name) => resolveVariable(`self:custom.settings.${name}`);

module.exports.addresses = async (sls) => ({
  'Fn::Join': [',', (await setting(sls, 'slots')).map((slot) => ({ Ref: `ProxyAddress${slot}` }))],
});
module.exports.certificates = async (sls) => JSON.stringify(await setting(sls, 'certificates'));
