"""Web API methods about people and the app itself: users.*, usergroups.*, auth.test, team.info, bots.info, api.test."""

from app.workspace.call import Call
from app.workspace.errors import ApiError
from app.workspace.model import APP_ID, BOT_ID, BOT_USER, TEAM_DOMAIN, TEAM_ID, USERGROUP_ID, Json


def api_test(call: Call) -> Json:
    """api.test"""
    if call.args.get("error"):
        raise ApiError(call.text("error"), args=call.args)
    return {"args": {key: value for key, value in call.args.items() if key != "token"}}


def auth_test(call: Call) -> Json:
    """auth.test"""
    return {
        "url": call.base_url + "/",
        "team": call.config.team_name,
        "user": "sitrep",
        "team_id": TEAM_ID,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def users_list(call: Call) -> Json:
    """users.list"""
    members = [user.to_json() for user in call.state.users.values()]
    return {"members": members, "cache_ts": int(call.clock.now()), "response_metadata": {"next_cursor": ""}}


def users_info(call: Call) -> Json:
    """users.info"""
    return {"user": call.state.user(call.text("user")).to_json()}


def lookup_by_email(call: Call) -> Json:
    """users.lookupByEmail"""
    wanted = call.text("email").lower()
    for user in call.state.users.values():
        if not user.is_bot and wanted == f"{user.handle}@example.com":
            return {"user": user.to_json()}
    raise ApiError("users_not_found")


def usergroups_list(call: Call) -> Json:
    """usergroups.list"""
    return {"usergroups": [call.state.usergroup_json(include_users=call.flag("include_users"))]}


def usergroup_users(call: Call) -> Json:
    """usergroups.users.list"""
    if call.text("usergroup") != USERGROUP_ID:
        raise ApiError("no_such_subteam")
    return {"users": list(call.state.usergroup_users)}


def team_info(call: Call) -> Json:
    """team.info"""
    return {"team": {"id": TEAM_ID, "name": call.config.team_name, "domain": TEAM_DOMAIN, "email_domain": "example.com"}}


def bots_info(call: Call) -> Json:
    """bots.info"""
    if call.text("bot", BOT_ID) != BOT_ID:
        raise ApiError("bot_not_found")
    return {"bot": {"id": BOT_ID, "deleted": False, "name": "Sitrep", "updated": 0, "app_id": APP_ID, "user_id": BOT_USER}}


METHODS = {
    "api.test": api_test,
    "auth.test": auth_test,
    "users.list": users_list,
    "users.info": users_info,
    "users.lookupByEmail": lookup_by_email,
    "usergroups.list": usergroups_list,
    "usergroups.users.list": usergroup_users,
    "team.info": team_info,
    "bots.info": bots_info,
}
