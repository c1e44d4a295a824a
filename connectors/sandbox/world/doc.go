// Package world makes the data that the simulated systems are filled with: one set of
// companies as several systems know them, with the dirt that real tenants have.
//
// A World is not a big table: company i is a pure function of the seed and i, made when it is
// asked for, so 100,000 companies cost no memory here, and each system keeps only its own side.
// Nothing depends on the hour: dates stand in relation to the day of Today.
//
// The dirt, in shares of the companies:
//   - names that differ between the systems: suffixes spelled otherwise, lost accents, other case (about a third)
//   - companies without the id of their account (5%), with the 15-character form (6%), with that of an account that is gone (1%)
//   - two accounts with nearly one name for one company (2%), two companies for one account (1%), accounts without a company (5%)
//   - copies in Salesforce that are stale or missing; industries outside the picklist; empty owners, renewal dates and scores; contacts without an email, twice, or under an old address.
package world
