using System.Text.Json.Nodes;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node.Membership;
using GovChain.Protos.V1;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Node.Commands;

/// <summary>How <c>govchain member</c> says what a change is, who has signed it, and what is missing.</summary>
internal static class MemberText
{
    private const int DepartmentsThatTolerateOne = 4;

    /// <summary>Prints a change and its signatures.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="file">It.</param>
    /// <param name="review">Whose the signatures are.</param>
    /// <param name="source">Who said so; empty where nobody was asked.</param>
    /// <param name="json">As JSON.</param>
    /// <param name="outlook">What the node that was asked reaches of those that vote afterwards; null where it does not matter.</param>
    public static void Print(string path, MembershipFile file, ApprovalReview review, string source, bool json, QuorumOutlook? outlook = null)
    {
        if (json)
        {
            Output.Json(ToJson(path, file, review, source, outlook));
            return;
        }
        MembershipChange change = file.Change;
        Output.Line($"{path}: {MembershipFile.Describe(change)}");
        foreach (LocalizedText name in change.Names)
            Output.Line($"  name ({name.Language}) {Output.Value(name.Text)}");
        Output.Line($"  ledger {file.ChainId}, epoch {change.Epoch}, to be on it by {UtcTime.Format(change.ExpiresAtMs)}");
        if (change.Reason.Length > 0)
            Output.Line($"  reason {Output.Value(change.Reason)}");
        foreach (string line in Signatures(file, review, source))
            Output.Line($"  {line}");
    }

    /// <summary>Who has signed, what does not count, and what is missing; a line each.</summary>
    internal static IEnumerable<string> Signatures(MembershipFile file, ApprovalReview review, string source)
    {
        foreach (Approver approver in review.Approvers)
            yield return $"signed for {approver.Department} by its administrator {approver.OfficerId}, key {approver.Key}";
        foreach (UselessApproval useless in review.Useless)
            yield return $"does NOT count: {useless.Why} (key {useless.Key})";
        foreach (PublicKey key in review.Unknown)
            yield return $"NOT CHECKED: signed by the key {key}; whether it is an administrator's is not known here";
        if (review.IsChecked)
            yield return Standing(review) + (source.Length > 0 ? $" (by {source})" : "");
        else
            yield return "NOT CHECKED: whose the signatures are and how many are needed; name a node (--node, --profile) or, in epoch 0, a genesis file (--genesis)";
        if (!file.Change.ValidatorKey.IsEmpty)
            yield return file.LacksNewKey ? "not signed yet by the new validator key" : "signed by the new validator key";
    }

    /// <summary>Prints, for people, what is to be done with a change.</summary>
    public static void PrintNext(string path, MembershipFile file, ApprovalReview review, bool json)
    {
        if (!json)
            Output.Line($"  next: {Next(path, file, review)}");
    }

    /// <summary>What is to be done with a change, by what is known of its signatures.</summary>
    internal static string Next(string path, MembershipFile file, ApprovalReview review)
    {
        string newKey = $"the new validator key signs it (govchain member sign {path} --key VALIDATOR-KEY-FILE)";
        if (review.IsEnough)
            return file.LacksNewKey ? newKey : $"any officer submits it (govchain member submit {path})";
        int lacking = review.Needed - review.Approvers.Count;
        string more = review.Approvers.Count > 0 ? "more " : "";
        return (review.IsChecked
            ? $"administrators of {QuorumOutlook.Count(lacking, $"{more}department", $"{more}departments")} sign it (govchain member sign {path} --key KEY-FILE)"
            : $"a node says who must still sign (govchain member inspect {path} --profile FILE); with signatures enough any officer submits it (govchain member submit {path})")
            + (file.LacksNewKey ? $"; {newKey}" : "");
    }

    /// <summary>Prints who votes, with which keys, and which nodes observe, as a node says.</summary>
    public static void PrintMembers(GetStatusResponse status, bool json)
    {
        string[] observers = [.. status.Peers.Select(static p => p.Department).Concat([status.Department])
            .Where(d => !status.Validators.Contains(d)).Order(StringComparer.Ordinal)];
        if (json)
        {
            Output.Json(ToJson(status, observers));
            return;
        }
        foreach (string line in Members(status, observers))
            Output.Line(line);
    }

    internal static IEnumerable<string> Members(GetStatusResponse status, IReadOnlyList<string> observers)
    {
        yield return $"Epoch {status.Epoch}: {QuorumOutlook.Count((int)status.Departments, "department votes", "departments vote")}, and "
            + $"{QuorumOutlook.Count((int)status.Quorum, "makes", "make")} a quorum.";
        int width = status.Validators.Max(static v => (int?)v.Length) ?? 0;
        for (int i = 0; i < status.Validators.Count; i++)
        {
            string suspended = status.SuspendedDepartments.Contains(status.Validators[i]) ? "  (suspended: its officers sign nothing)" : "";
            yield return $"  {status.Validators[i].PadRight(width)}  {status.ValidatorKeys.ElementAtOrDefault(i)}".TrimEnd() + suspended;
        }
        foreach (string department in observers)
            yield return $"  {department} (observer: no vote)";
    }

    internal static JsonObject ToJson(GetStatusResponse status, IReadOnlyList<string> observers) => new()
    {
        ["epoch"] = status.Epoch,
        ["height"] = status.Height,
        ["quorum"] = status.Quorum,
        ["validators"] = Array(status.Validators.Select(static v => (JsonNode)v)),
        ["keys"] = new JsonObject(status.Validators.Zip(status.ValidatorKeys, static (department, key) => KeyValuePair.Create(department, (JsonNode?)key))),
        ["suspended"] = Array(status.SuspendedDepartments.Select(static v => (JsonNode)v)),
        ["observers"] = Array(observers.Select(static v => (JsonNode)v)),
    };

    /// <summary>What the ledger would refuse the change for, before it is sent.</summary>
    public static Rejection Insufficient(string path, MembershipFile file, ApprovalReview review)
    {
        string newKey = file.LacksNewKey ? $"The new validator key {Hex(file.Change)} has not signed it: govchain member sign {path} --key VALIDATOR-KEY-FILE. " : "";
        return new Rejection(
            RejectionCode.InvalidProof, $"Nothing was sent. {newKey}{(review.IsEnough ? "" : $"It lacks approvals: {Standing(review)}.")}".TrimEnd(),
            ("needed", $"{review.Needed}"), ("signed", string.Join(",", review.Approvers.Select(static a => a.Department))),
            ("missing", string.Join(",", review.Missing)), ("newKeyHasSigned", file.LacksNewKey ? "false" : "true"));
    }

    /// <summary>Where a change is on the ledger.</summary>
    public static void PrintFound(MembershipEntry entry, MembershipChange change, bool json)
    {
        if (json)
        {
            Output.Json(new JsonObject
            {
                ["alreadyOnLedger"] = true,
                ["height"] = entry.Height,
                ["position"] = entry.Position,
                ["epoch"] = change.Epoch + 1,
            });
            return;
        }
        Output.Line($"On the ledger already: {MembershipFile.Describe(change)}");
        Output.Line($"  block {entry.Height}, position {entry.Position}; it acts from block {entry.Height + 1} on, in epoch {change.Epoch + 1}");
    }

    /// <summary>What whoever proposes or submits a change should know of its consequences.</summary>
    public static void Warn(QuorumOutlook outlook, MembershipChange change)
    {
        if (change.Kind == (uint)MembershipKind.Admit && outlook.Away.Contains(change.Department))
        {
            Output.Error($"Warning: the node of {outlook.Department} is not connected with one of {change.Department}. Let it observe first (peers.observers): from its "
                + "admission on it counts as one that is away.");
        }
        if (!outlook.IsEnough)
            Output.Error($"Warning: as things are, the ledger would stop with this change. {outlook.Explain()}");
        else if (outlook.Away.Count > 0)
            Output.Error($"Note: {outlook.Explain()}");
        if (change.Kind == (uint)MembershipKind.Remove && outlook.Voters.Count < DepartmentsThatTolerateOne)
        {
            Output.Error($"Note: with {QuorumOutlook.Count(outlook.Voters.Count, "department", "departments")} none may fail or lie without halting the ledger; "
                + $"at least {DepartmentsThatTolerateOne} should vote.");
        }
    }

    private static string Standing(ApprovalReview review) =>
        $"{review.Approvers.Count} of {QuorumOutlook.Count(review.Departments.Count, "department has", "departments have")} signed and {review.Needed} must; "
        + (review.Missing.Count == 0 ? "none is missing" : $"not signed by {string.Join(", ", review.Missing)}");

    private static JsonObject ToJson(string path, MembershipFile file, ApprovalReview review, string source, QuorumOutlook? outlook)
    {
        var json = new JsonObject
        {
            ["file"] = path,
            ["chainId"] = file.ChainId.ToString(),
            ["change"] = MembershipFile.Describe(file.Change),
            ["epoch"] = file.Change.Epoch,
            ["expiresAt"] = UtcTime.Format(file.Change.ExpiresAtMs),
            ["approvals"] = Array(file.Signers.Select(static k => (JsonNode)k.ToString())),
            ["newKeyHasSigned"] = file.Change.ValidatorKey.IsEmpty ? null : !file.LacksNewKey,
            ["checked"] = review.IsChecked,
            ["checkedBy"] = source.Length > 0 ? source : null,
            ["signedBy"] = Array(review.Approvers.Select(static a => (JsonNode)new JsonObject
            {
                ["department"] = a.Department,
                ["officer"] = a.OfficerId,
                ["key"] = a.Key.ToString(),
            })),
            ["useless"] = Array(review.Useless.Select(static u => (JsonNode)new JsonObject { ["key"] = u.Key.ToString(), ["why"] = u.Why })),
            ["unknown"] = Array(review.Unknown.Select(static k => (JsonNode)k.ToString())),
            ["needed"] = review.IsChecked ? review.Needed : null,
            ["missing"] = review.IsChecked ? Array(review.Missing.Select(static d => (JsonNode)d)) : null,
        };
        if (outlook is not null)
            json["afterwards"] = ToJson(outlook);
        return json;
    }

    internal static JsonObject ToJson(QuorumOutlook outlook) => new()
    {
        ["departments"] = outlook.Voters.Count,
        ["quorum"] = outlook.Quorum,
        ["reached"] = Array(outlook.Reached.Select(static d => (JsonNode)d)),
        ["notReached"] = Array(outlook.Away.Select(static d => (JsonNode)d)),
    };

    private static JsonArray Array(IEnumerable<JsonNode> nodes) => new([.. nodes]);

    private static string Hex(MembershipChange change) => Convert.ToHexStringLower(change.ValidatorKey.Span);
}
