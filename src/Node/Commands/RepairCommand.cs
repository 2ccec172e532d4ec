using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Node.Auditing;
using GovChain.Node.Configuration;
using GovChain.Node.Repair;

namespace GovChain.Node.Commands;

/// <summary><c>govchain node repair</c>: makes a damaged directory one that a node can start on.</summary>
internal static class RepairCommand
{
    private const int WaitSecondsDefault = 60;

    public static Command Create()
    {
        Option<string> file = NodeCommand.ConfigurationOption();
        var yes = new Option<bool>("--yes") { Description = "Do it; without this nothing is changed, and what would be done is shown" };
        var ledger = new Option<bool>("--ledger") { Description = "Rebuild the ledger even if the audit finds it whole" };
        var journal = new Option<bool>("--journal") { Description = "Put the vote journal aside even if the audit finds it whole" };
        var later = new Option<bool>("--later") { Description = "Only move what is damaged aside; the node fetches the whole ledger at its next start" };
        var wait = new Option<int>("--wait")
        {
            Description = "Give up when no block has come for so many seconds",
            HelpName = "SECONDS",
            DefaultValueFactory = _ => WaitSecondsDefault,
        };
        Option<bool> json = Output.JsonOption();
        var command = new Command("repair",
            "Repair a stopped node's data directory. The directory is audited; what is damaged is moved into a dated folder in it, "
            + "never deleted; blocks that are sound under their certificates are kept, the others are fetched from the peers and "
            + "verified, and everything that follows from blocks is made again by executing them.\n\n"
            + "Where only the file 'tip' is damaged, the ledger stays and the tip is written anew, from what its certificates prove.\n\n"
            + "A node whose ledger or vote journal was repaired follows and serves, and does not vote: it may have forgotten votes.")
        { file, yes, ledger, journal, later, wait, json };
        command.SetAction(async (result, cancellation) =>
        {
            if (result.GetValue(wait) is < 1 or > 86_400)
                throw new CommandException(ExitCode.Usage, "--wait: 1 to 86400 seconds are expected.");
            var repair = new NodeRepair(ConfigurationReader.Read(result.GetRequiredValue(file)));
            bool quiet = result.GetValue(json);
            AuditReport? audit = await BlockProgress.RunAsync("auditing", quiet, progress => repair.AuditAsync(progress, cancellation));
            RepairPlan plan = audit is null ? RepairPlan.ForNothing : RepairPlan.Of(audit, result.GetValue(ledger), result.GetValue(journal));
            RepairOutcome? outcome = null;
            if (!result.GetValue(json))
                PrintPlan(repair.Directory, audit, plan);
            if (!plan.IsEmpty && result.GetValue(yes))
            {
                outcome = await BlockProgress.RunAsync("fetching", quiet, progress => repair.RunAsync(
                    plan, !result.GetValue(later), TimeSpan.FromSeconds(result.GetValue(wait)), progress, cancellation));
            }
            if (result.GetValue(json))
                Output.Json(ToJson(repair.Directory, audit, plan, outcome));
            else
                PrintOutcome(plan, outcome);
            return plan.IsEmpty ? ExitCode.Ok
                : outcome is null ? ExitCode.ProblemsFound
                : outcome.CatchUp is { IsComplete: false } ? ExitCode.Unavailable : ExitCode.Ok;
        });
        return command;
    }

    private static void PrintPlan(string directory, AuditReport? audit, RepairPlan plan)
    {
        if (audit is null)
        {
            Output.Line($"{directory} holds nothing of a node: it lost its disk, or never ran.");
        }
        else
        {
            AuditCommand.Print(audit);
        }
        if (plan.IsEmpty)
        {
            Output.Line("Nothing to repair.");
            return;
        }
        Output.Line("The repair:");
        if (plan.Aside.Count > 0)
            Output.Line($"  moves {string.Join(", ", plan.Aside)} into a new folder {Path.Combine(directory, "damaged-...")}");
        if (plan.WritesIdentity)
            Output.Line("  writes VERSION and chain-id anew, from the configuration's genesis");
        if (plan.Tip is { } tip)
        {
            Output.Line($"  keeps the ledger, which is whole, and writes the tip anew: block {tip.Height}, the last that its certificates prove");
            Output.Line(plan.ForgetsVotes
                ? "  cannot tell by the vote journal whether the ledger has every block that the node voted on"
                : "  finds by the vote journal that the ledger has every block that the node voted on: the node votes as before");
        }
        if (plan.RebuildsLedger)
            Output.Line("  stores every block anew: those that are sound under their certificates from here, the others from the peers");
        if (plan.ForgetsVotes)
            Output.Line("  marks the ledger as restored: the node follows and serves, and does not vote");
    }

    private static void PrintOutcome(RepairPlan plan, RepairOutcome? outcome)
    {
        if (plan.IsEmpty)
            return;
        if (outcome is null)
        {
            Output.Line("Nothing was changed. Run again with --yes to do it.");
            return;
        }
        Output.Line(outcome.Folder is null ? "Nothing had to be moved." : $"Moved to {outcome.Folder}. Keep it until the cause is known.");
        if (outcome.CatchUp is not { } caught)
        {
            Output.Line(plan.Tip is { } tip
                ? $"REPAIRED: the tip says block {tip.Height}. Start the node; newer blocks are fetched then."
                : "Start the node; what is missing is fetched then.");
            return;
        }
        Output.Line($"{(caught.IsComplete ? "REPAIRED" : "NOT COMPLETE")}: block {caught.Status.Height}, {caught.Salvaged} blocks kept, "
            + $"{caught.Status.Height - Math.Min(caught.Status.Height, caught.Salvaged)} fetched");
        Output.Line($"  log root   {caught.Status.LogRoot}");
        Output.Line($"  state root {caught.Status.StateRoot}");
        Output.Line(caught.IsComplete
            ? "Start the node."
            : "Too few peers answered to know how far the ledger goes, or blocks did not come. Start the node: it goes on fetching.");
    }

    private static JsonObject ToJson(string directory, AuditReport? audit, RepairPlan plan, RepairOutcome? outcome) => new()
    {
        ["directory"] = directory,
        ["needed"] = !plan.IsEmpty,
        ["done"] = outcome is not null,
        ["aside"] = new JsonArray([.. plan.Aside.Select(static a => (JsonNode)a)]),
        ["rebuildsLedger"] = plan.RebuildsLedger,
        ["writesIdentity"] = plan.WritesIdentity,
        ["writesTip"] = plan.Tip?.Height,
        ["votesAfterwards"] = !plan.ForgetsVotes,
        ["folder"] = outcome?.Folder,
        ["complete"] = outcome is null ? null : outcome.CatchUp?.IsComplete ?? !plan.RebuildsLedger,
        ["height"] = outcome?.CatchUp?.Status.Height,
        ["salvagedBlocks"] = outcome?.CatchUp?.Salvaged,
        ["logRoot"] = outcome?.CatchUp?.Status.LogRoot,
        ["stateRoot"] = outcome?.CatchUp?.Status.StateRoot,
        ["audit"] = audit?.ToJson(),
    };
}
