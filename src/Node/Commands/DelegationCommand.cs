using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Node.Commands;

/// <summary>The part of <c>govchain approval</c> that says who may approve on whose behalf.</summary>
internal static class DelegationCommand
{
    private const int DaysMax = (int)(Limits.DelegationHorizonMs / 86_400_000) - 1;

    public static Command Delegate()
    {
        var officer = new Argument<string>("OFFICER") { Description = "The staff number of an officer of your own department" };
        var days = new Option<int>("--days") { Description = $"For so many days from now, 1 to {DaysMax}", HelpName = "DAYS", Required = true };
        Option<string> reason = ReasonOption();
        Option<bool> json = Output.JsonOption();
        var command = new Command("delegate",
            "Let another officer approve and refuse on your behalf, from the next block on, for a time. Signed by an approver.")
            { officer, days, reason, json };
        command.Validators.Add(result =>
        {
            if (result.GetResult(days) is { Implicit: false } && result.GetValue(days) is < 1 or > DaysMax)
                result.AddError($"--days: 1 to {DaysMax} are expected.");
        });
        ClientOptions options = new ClientOptions().AddNode(command).AddKey(command);
        command.SetAction(async (result, cancellation) =>
        {
            var action = new DelegateApproval
            {
                OfficerId = result.GetRequiredValue(officer),
                UntilMs = (ulong)DateTimeOffset.UtcNow.AddDays(result.GetRequiredValue(days)).ToUnixTimeMilliseconds(),
                Reason = result.GetValue(reason) ?? "",
            };
            using LedgerClient client = options.Connect(result);
            TransactionFactory factory = await options.OpenFactoryAsync(result, client, cancellation);
            TransactionOutcome outcome = await RecordCommand.SubmitAsync(client, factory, b => b.DelegateApproval = action, cancellation);
            RecordCommand.PrintOutcome(
                outcome, $"officer {action.OfficerId} may approve on your behalf until {UtcTime.Format(action.UntilMs)}", result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    public static Command List()
    {
        var department = new Argument<string>("DEPARTMENT") { Description = "The department" };
        Option<bool> json = Output.JsonOption();
        json.Description = "Print one JSON object a line, for scripts";
        var command = new Command("delegations", "List who may approve on whose behalf in a department, and until when") { department, json };
        ClientOptions options = new ClientOptions().AddNode(command);
        command.SetAction(async (result, cancellation) =>
        {
            using LedgerClient client = options.Connect(result);
            foreach (DelegationState d in await client.ListDelegationsAsync(result.GetRequiredValue(department), cancellation))
            {
                Output.Line(result.GetValue(json)
                    ? new JsonObject
                    {
                        ["department"] = d.Department,
                        ["delegator"] = d.Delegator,
                        ["officer"] = d.OfficerId,
                        ["until"] = UtcTime.Format(d.UntilMs),
                        ["position"] = d.Position,
                    }.ToJsonString()
                    : $"{d.Department}/{d.OfficerId}\ton behalf of {d.Delegator}\tuntil {UtcTime.Format(d.UntilMs)}");
            }
            return ExitCode.Ok;
        });
        return command;
    }

    public static Command Revoke()
    {
        var delegator = new Argument<string>("DELEGATOR") { Description = "The staff number of the officer that gave it" };
        var officer = new Argument<string>("OFFICER") { Description = "The staff number of the officer that it was given to" };
        Option<string> reason = ReasonOption();
        Option<bool> json = Output.JsonOption();
        var command = new Command("revoke-delegation",
            "End a delegation before its time, from the next block on. Signed by who gave it, or by an administrator of the department.")
            { delegator, officer, reason, json };
        ClientOptions options = new ClientOptions().AddNode(command).AddKey(command);
        command.SetAction(async (result, cancellation) =>
        {
            var action = new RevokeDelegation
            {
                Delegator = result.GetRequiredValue(delegator),
                OfficerId = result.GetRequiredValue(officer),
                Reason = result.GetValue(reason) ?? "",
            };
            using LedgerClient client = options.Connect(result);
            TransactionFactory factory = await options.OpenFactoryAsync(result, client, cancellation);
            TransactionOutcome outcome = await RecordCommand.SubmitAsync(client, factory, b => b.RevokeDelegation = action, cancellation);
            RecordCommand.PrintOutcome(
                outcome, $"officer {action.OfficerId} approves no more on behalf of {action.Delegator}", result.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Option<string> ReasonOption() => new("--reason") { Description = "Why", DefaultValueFactory = _ => "" };
}
