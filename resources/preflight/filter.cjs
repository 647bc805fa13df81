/** A filter by one property. Unlike a request by ids, EC2 does not refuse it if one of them is unknown. */
const filter = (Name, Values) => [{ Name, Values }];

module.exports = { filter };
