package agentdesk

import (
	"slices"

	"zongji/internal/zongji"
)

// routes is every address this server answers, with who may use it and which
// rows it touches. What is not here does not exist: a test compares the list
// with the router both ways and tries each entry with each role.
func (d *Desk) routes() []route {
	list := []route{
		typed("POST", "/login", zongji.PermPublic, rowsNone, "open a session", d.login),
		typed("POST", "/logout", zongji.PermSelf, rowsSelf, "end this session", d.logout),
		typed("GET", "/setup", zongji.PermPublic, rowsNone, "whether the first admin is missing", d.setupNeeded),
		typed("POST", "/setup", zongji.PermPublic, rowsNone, "make the first admin with the code of the log", d.setup),
		typed("GET", "/me", zongji.PermSelf, rowsSelf, "who I am and what I may do", d.me),
		typed("POST", "/me/password", zongji.PermSelf, rowsSelf, "change my password; my other sessions end", d.myPassword),
		typed("POST", "/agents/{id}/state", zongji.PermSupervise, rowsNone, "set somebody else ready, on a break or offline", d.agentState),
		typed("POST", "/me/state", zongji.PermReply, rowsSelf, "ready, break or offline", d.myState),

		typed("GET", "/conversations", zongji.PermDesk, rowsList, "a list of conversations", d.listConversations),
		typed("GET", "/conversations/counts", zongji.PermDesk, rowsList, "how many there are", d.counts),
		typed("GET", "/conversations/{conv}", zongji.PermDesk, rowsConv, "one conversation", d.conversation),
		typed("GET", "/conversations/{conv}/messages", zongji.PermDesk, rowsConv, "older messages", d.messages),
		typed("GET", "/conversations/{conv}/decisions", zongji.PermDesk, rowsConv, "why the bot, the rules and the routing did what they did", d.decisions),
		typed("POST", "/conversations/{conv}/messages", zongji.PermReply, rowsConv, "write to the customer, or a note", d.postMessage),
		typed("POST", "/conversations/{conv}/read", zongji.PermReply, rowsConv, "the owner has read up to here", d.postRead),
		typed("POST", "/conversations/{conv}/take", zongji.PermReply, rowsConv, "pull it to me", d.take),
		typed("POST", "/conversations/{conv}/transfer", zongji.PermReply, rowsConv, "pass it on", d.transfer),
		typed("POST", "/conversations/{conv}/park", zongji.PermReply, rowsConv, "wait for the customer", d.park),
		typed("POST", "/conversations/{conv}/wrapup", zongji.PermReply, rowsConv, "end the service, write the summary", d.wrapup),
		typed("POST", "/conversations/{conv}/close", zongji.PermReply, rowsConv, "close it", d.closeConv),
		typed("POST", "/conversations/{conv}/tags", zongji.PermReply, rowsConv, "replace its tags", d.tags),
		typed("POST", "/conversations/{conv}/deeds/{deed}", zongji.PermReply, rowsConv, "what its channel can do for its customer beside messages", d.serveDeed),
		typed("GET", "/conversations/{conv}/draft", zongji.PermReply, rowsConv, "what I had begun to write here, or what the bot proposes", d.getDraft),
		typed("PUT", "/conversations/{conv}/draft", zongji.PermReply, rowsConv, "keep what I have begun to write", d.putDraft),
		typed("DELETE", "/conversations/{conv}/draft", zongji.PermReply, rowsConv, "forget it", d.dropDraft),
		typed("GET", "/messages/{msg}/mail", zongji.PermDesk, rowsMsg, "a mail as it came: HTML, quoted text, headers", d.mail),
		typed("DELETE", "/messages/{msg}", zongji.PermReply, rowsMsg, "take my message back while it waits to be sent", d.withdraw),
		typed("POST", "/messages/{msg}/split", zongji.PermReply, rowsMsg, "move a customer's mail to a conversation of its own", d.splitMail),
		typed("POST", "/messages/{msg}/join", zongji.PermReply, rowsMsg, "move it to another conversation of its channel", d.joinMail),
		typed("POST", "/moves/{move}/undo", zongji.PermReply, rowsMsg, "put it back", d.undoMove),
		typed("GET", "/mail/signatures", zongji.PermDesk, rowsNone, "what stands below mails: the company's, the teams', mine", d.signatures),
		typed("PUT", "/mail/signatures", zongji.PermChannels, rowsNone, "change one; an empty one is none", d.putSignature),
		typed("PUT", "/me/signature", zongji.PermReply, rowsSelf, "change mine", d.putMySignature),
		raw("GET", base+"/conversations/{conv}/export", zongji.PermExport, rowsConv, "its transcript as a download", d.export),
		typed("POST", "/offers/{offer}/accept", zongji.PermReply, rowsSelf, "take the offered conversation", d.acceptOffer),
		typed("POST", "/offers/{offer}/decline", zongji.PermReply, rowsSelf, "refuse it", d.declineOffer),

		typed("GET", "/contacts/{contact}", zongji.PermDesk, rowsCust, "a customer, phone and mail masked", d.contact),
		typed("PATCH", "/contacts/{contact}", zongji.PermContact, rowsCust, "change what is known of him", d.patchContact),
		typed("GET", "/contacts/{contact}/conversations", zongji.PermDesk, rowsCust, "his conversations", d.contactConversations),
		typed("POST", "/contacts/{contact}/merge", zongji.PermContact, rowsCust, "he and another are one person; logged", d.mergeContacts),
		typed("POST", "/contacts/merges/{id}/undo", zongji.PermContact, rowsNone, "they are two; logged", d.undoMerge),
		typed("POST", "/contacts/{contact}/reveal", zongji.PermReveal, rowsCust, "whole phone and mail; logged", d.reveal),
		typed("GET", "/search", zongji.PermDesk, rowsList, "find conversations, messages, customers", d.search),
		typed("GET", "/agents", zongji.PermDesk, rowsNone, "colleagues, queues, teams, channels by name", d.agents),
		raw("POST", base+"/files", zongji.PermReply, rowsNone, "upload a file", d.upload),
		typed("GET", "/quick-replies", zongji.PermDesk, rowsSelf, "mine and the shared ones", d.quickReplies),
		typed("POST", "/quick-replies", zongji.PermSelf, rowsSelf, "a new one", d.addQuick),
		typed("PUT", "/quick-replies/{id}", zongji.PermSelf, rowsSelf, "change one", d.changeQuick),
		typed("DELETE", "/quick-replies/{id}", zongji.PermSelf, rowsSelf, "remove one", d.deleteQuick),
		typed("GET", "/wall", zongji.PermWall, rowsNone, "live queues, agents, today's curve", d.wall),

		typed("GET", "/faqs", zongji.PermKB, rowsNone, "the knowledge base", d.faqs),
		typed("POST", "/faqs", zongji.PermKB, rowsNone, "a new entry", d.addFAQ),
		typed("PUT", "/faqs/{id}", zongji.PermKB, rowsNone, "change an entry", d.changeFAQ),
		typed("DELETE", "/faqs/{id}", zongji.PermKB, rowsNone, "remove an entry", d.deleteFAQ),
		typed("POST", "/faqs/ask", zongji.PermKB, rowsNone, "what the bot would answer", d.ask),

		typed("GET", "/rules", zongji.PermRules, rowsNone, "the rules in force", d.rules),
		typed("PUT", "/rules", zongji.PermRules, rowsNone, "new rules, based on a version", d.putRules),
		typed("POST", "/rules/test", zongji.PermRules, rowsNone, "what the rules do with these facts", d.testRules),
		typed("GET", "/rules/versions", zongji.PermRules, rowsNone, "earlier versions", d.rulesVersions),
		typed("GET", "/rules/versions/{v}", zongji.PermRules, rowsNone, "one version", d.rulesVersion),
		typed("POST", "/rules/versions/{v}/restore", zongji.PermRules, rowsNone, "make a version the newest", d.restoreRules),
		typed("GET", "/queues", zongji.PermRules, rowsNone, "the queues", d.queues),
		typed("POST", "/queues", zongji.PermRules, rowsNone, "a new queue", d.addQueue),
		typed("PUT", "/queues/{id}", zongji.PermRules, rowsNone, "change a queue", d.changeQueue),
		typed("DELETE", "/queues/{id}", zongji.PermRules, rowsNone, "remove a queue that nothing uses", d.deleteQueue),
		typed("GET", "/calendars", zongji.PermRules, rowsNone, "the working hours", d.calendars),
		typed("POST", "/calendars", zongji.PermRules, rowsNone, "new working hours", d.addCalendar),
		typed("POST", "/calendars/preview", zongji.PermRules, rowsNone, "the next 14 days of working hours not yet saved", d.previewCalendar),
		typed("PUT", "/calendars/{key}", zongji.PermRules, rowsNone, "change working hours", d.changeCalendar),
		typed("DELETE", "/calendars/{key}", zongji.PermRules, rowsNone, "remove working hours that nothing uses", d.deleteCalendar),

		typed("GET", "/users", zongji.PermUsers, rowsNone, "the people", d.users),
		typed("POST", "/users", zongji.PermUsers, rowsNone, "a new user", d.addUser),
		typed("PUT", "/users/{id}", zongji.PermUsers, rowsNone, "change a user", d.changeUser),
		typed("DELETE", "/users/{id}", zongji.PermUsers, rowsNone, "remove a user", d.deleteUser),
		typed("POST", "/users/{id}/password", zongji.PermUsers, rowsNone, "a new password; his sessions end", d.setPassword),
		typed("GET", "/teams", zongji.PermDesk, rowsNone, "the teams", d.teams),
		typed("POST", "/teams", zongji.PermUsers, rowsNone, "a new team", d.addTeam),
		typed("PUT", "/teams/{id}", zongji.PermUsers, rowsNone, "change a team", d.changeTeam),
		typed("DELETE", "/teams/{id}", zongji.PermUsers, rowsNone, "remove a team that nothing uses", d.deleteTeam),
		typed("GET", "/skills", zongji.PermDesk, rowsNone, "the skills", d.skills),
		typed("POST", "/skills", zongji.PermUsers, rowsNone, "a new skill", d.addSkill),
		typed("PUT", "/skills/{key}", zongji.PermUsers, rowsNone, "change a skill", d.changeSkill),
		typed("DELETE", "/skills/{key}", zongji.PermUsers, rowsNone, "remove a skill that nothing uses", d.deleteSkill),

		typed("GET", "/channels", zongji.PermChannels, rowsNone, "the channel accounts", d.channels),
		typed("POST", "/channels", zongji.PermChannels, rowsNone, "a new account", d.addChannel),
		typed("PUT", "/channels/{id}", zongji.PermChannels, rowsNone, "change an account", d.changeChannel),
		typed("DELETE", "/channels/{id}", zongji.PermChannels, rowsNone, "remove an account", d.deleteChannel),
		typed("POST", "/channels/{id}/secret", zongji.PermChannels, rowsNone, "a new secret, shown once", d.newSecret),
		typed("POST", "/channels/{id}/check", zongji.PermChannels, rowsNone, "try the connection", d.checkAccount),
		typed("GET", "/channels/health", zongji.PermChannels, rowsNone, "how the enabled accounts are", d.channelsHealth),
		typed("GET", "/channels/{id}/health", zongji.PermChannels, rowsNone, "how an account is, and its log", d.channelHealth),
		typed("POST", "/channels/{id}/deeds/{deed}", zongji.PermChannels, rowsNone, "what an account can do beside messages", d.operateDeed),
		typed("GET", "/channel-kinds", zongji.PermChannels, rowsNone, "the kinds and their settings", d.channelKinds),

		raw("POST", base+"/import/faqs/preview", zongji.PermKB, rowsNone, "read a table of FAQs; nothing is written", d.previewFAQs),
		typed("POST", "/import/faqs/apply", zongji.PermKB, rowsNone, "write what was previewed", d.applyFAQs),
		raw("GET", base+"/import/faqs/template", zongji.PermKB, rowsNone, "an empty table", d.faqTemplate),
		raw("POST", base+"/import/users/preview", zongji.PermUsers, rowsNone, "read a table of users; nothing is written", d.previewUsers),
		typed("POST", "/import/users/apply", zongji.PermUsers, rowsNone, "write what was previewed; passwords are shown once", d.applyUsers),
		raw("GET", base+"/import/users/template", zongji.PermUsers, rowsNone, "an empty table", d.userTemplate),

		typed("GET", "/system", zongji.PermSystem, rowsNone, "how this node does", d.system),
		raw("GET", base+"/openapi.json", zongji.PermPublic, rowsNone, "this list as OpenAPI 3.1", d.openapi),

		raw("GET", "/ws/desk", zongji.PermPublic, rowsNone, "the desk's socket; its first frame carries the session, frames.go says the rest", d.socket),
		raw("GET", "/ws/chat", zongji.PermPublic, rowsChan, "the visitor's socket", d.account("channel", "/ws")),
		raw("GET", "/c/{key}", zongji.PermPublic, rowsChan, "the same without a slash, as consoles may have it", d.account("", "")),
		raw("POST", "/c/{key}", zongji.PermPublic, rowsChan, "the same", d.account("", "")),
		raw("GET", "/c/{key}/{rest}", zongji.PermPublic, rowsChan, "the account's own addresses", d.account("", "")),
		raw("POST", "/c/{key}/{rest}", zongji.PermPublic, rowsChan, "callbacks, uploads, REST of visitors", d.account("", "")),
		raw("OPTIONS", "/c/{key}/{rest}", zongji.PermPublic, rowsChan, "what browsers ask before", d.account("", "")),
		raw("GET", "/f/{token}/{name}", zongji.PermPublic, rowsLink, "an attachment", d.download),
		raw("HEAD", "/f/{token}/{name}", zongji.PermPublic, rowsLink, "an attachment's headers", d.download),
		raw("GET", "/widget.js", zongji.PermPublic, rowsNone, "the widget", d.widgetJS),
		raw("HEAD", "/widget.js", zongji.PermPublic, rowsNone, "the widget's headers", d.widgetJS),
		raw("GET", "/healthz", zongji.PermPublic, rowsNone, "the process lives", d.healthz),
		raw("GET", "/readyz", zongji.PermPublic, rowsNone, "this node wants traffic", d.readyz),
		raw("GET", "/metrics", zongji.PermPublic, rowsNone, "figures for Prometheus", d.metrics),
	}
	if d.cfg.Demo != nil {
		list = slices.Concat(list, d.demoRoutes())
	}
	return list
}
