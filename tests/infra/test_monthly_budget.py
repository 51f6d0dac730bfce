"""The month's bill is watched, and whoever watches it is let in where the owner is told."""

import json

from infra.app import build

BUDGETS = "budgets.amazonaws.com"


def the_budget(assembly):
    (properties,) = assembly.properties("AWS::Budgets::Budget")
    return properties


def test_each_stage_has_its_own_amount_and_name(cloud, live):
    found = {}
    for stage in (cloud, live):
        budget = the_budget(stage)["Budget"]
        assert (budget["BudgetType"], budget["TimeUnit"]) == ("COST", "MONTHLY")
        found[budget["BudgetName"]] = budget["BudgetLimit"]
    assert found == {
        "patang-paper-month": {"Amount": 35, "Unit": "USD"},
        "patang-live-month": {"Amount": 50, "Unit": "USD"},
    }


def test_the_amount_is_a_setting(tmp_path):
    build(outdir=tmp_path, context={"monthly_budget_usd": "72"}, build_assets=False).synth()
    resources = json.loads((tmp_path / "patang-paper-operations.template.json").read_text())["Resources"]
    (budget,) = (each for each in resources.values() if each["Type"] == "AWS::Budgets::Budget")
    assert budget["Properties"]["Budget"]["BudgetLimit"]["Amount"] == 72


def test_nothing_is_left_out_of_what_was_spent(cloud):
    """A tag that nobody activated, or a credit, would keep it silent."""
    budget = the_budget(cloud)["Budget"]
    assert not {"CostFilters", "FilterExpression"} & budget.keys()
    assert budget["CostTypes"]["IncludeCredit"] is False
    assert budget["CostTypes"]["IncludeRefund"] is False


def test_the_owner_is_told_early_and_at_the_amount_spent_or_foreseen(cloud):
    told = {
        (each["Notification"]["NotificationType"], each["Notification"]["Threshold"])
        for each in the_budget(cloud)["NotificationsWithSubscribers"]
    }
    assert told == {("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)}


def test_it_is_told_where_alarms_are(cloud):
    (alarm,) = {json.dumps(each["AlarmActions"][-1]) for each in _rung(cloud)}
    for each in the_budget(cloud)["NotificationsWithSubscribers"]:
        (subscriber,) = each["Subscribers"]
        assert subscriber["SubscriptionType"] == "SNS"
        assert json.dumps(subscriber["Address"]) == alarm


def test_budgets_may_publish_there_and_use_its_key_for_this_account_alone(cloud):
    key = cloud.properties("AWS::KMS::Key")[0]["KeyPolicy"]["Statement"]
    topics = [
        statement
        for policy in cloud.properties("AWS::SNS::TopicPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    found = [each for each in (*key, *topics) if BUDGETS in json.dumps(each["Principal"])]
    assert sorted(str(each["Action"]) for each in found) == [
        "['kms:Decrypt', 'kms:GenerateDataKey']",
        "sns:Publish",
    ]
    for statement in found:
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def _rung(cloud):
    """The alarms of the operations stack."""
    return [
        each["Properties"]
        for each in cloud.templates["operations"]["Resources"].values()
        if each["Type"] == "AWS::CloudWatch::Alarm" and each["Properties"].get("AlarmActions")
    ]
