/** A filter by one property. Unlike a request by ids, EC2 does not refuse it where one of them is unknown. */
const filter = (Name, Values) => [{ Name, Values }];

module.exports = { filter };
