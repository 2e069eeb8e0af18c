// Package zongji holds the words of the product: messages, conversations,
// contacts, users, events, commands to the routing engine, permissions and
// scopes. It imports the standard library only and does no I/O.
package zongji
