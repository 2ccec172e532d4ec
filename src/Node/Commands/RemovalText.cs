using GovChain.Client;
using GovChain.Core.Model;
using GovChain.Node.Membership;
using GovChain.Protos.V1;

namespace GovChain.Node.Commands;

/// <summary>What a department's removal leaves behind that nobody can change any more, and whoever decides on it should know.</summary>
internal static class RemovalText
{
    private const int NamedMax = 5;

    /// <summary>The record types that a department owns which a change removes, as a node says; none where it removes nobody.</summary>
    public static async Task<string[]> AskTypesAsync(LedgerClient client, MembershipChange change, CancellationToken cancellation) =>
        change.Kind == (uint)MembershipKind.Remove
            ? [.. (await client.ListTypesAsync(cancellation)).Where(t => t.Owner == change.Department).Select(static t => t.Type)]
            : [];

    /// <summary>What becomes of the types; null where there are none.</summary>
    public static string? Explain(string department, IReadOnlyList<string> types)
    {
        if (types.Count == 0)
            return null;
        string names = string.Join(", ", types.Take(NamedMax)) + (types.Count > NamedMax ? ", ..." : "");
        return $"{QuorumOutlook.Count(types.Count, "record type is", "record types are")} {department}'s own ({names}): nobody can change a definition after that, nor a record "
            + "of which it has custody. Transfer custody first: govchain record transfer.";
    }

    /// <summary>Warns on standard error.</summary>
    public static void Warn(string department, IReadOnlyList<string> types)
    {
        if (Explain(department, types) is { } text)
            Output.Error($"Warning: {text}");
    }
}
