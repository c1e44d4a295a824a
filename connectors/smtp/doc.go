// Package smtp sends e-mail through a mail server.
//
// A mail's Message-ID is made of its key, so that a mail that is sent again is the same mail to servers and programs that
// heed the id. The server takes a mail at the moment that it answers the end of its data: what fails before was surely not sent, a
// connection lost after the end and before the answer leaves it in doubt. A mail goes to all its recipients or to none.
package smtp
