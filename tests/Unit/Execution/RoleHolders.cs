using GovChain.Core.Model;

namespace GovChain.Tests.Unit.Execution;

/// <summary>An officer of alpha with each role, and no other.</summary>
internal static class RoleHolders
{
    public static IReadOnlyDictionary<OfficerRole, TestKey> Alpha { get; } =
        Enum.GetValues<OfficerRole>().ToDictionary(role => role, role => new TestKey(610 + (int)role));

    public static void Enrol(TestLedger ledger) => ledger.Commit(
        [.. Alpha.Select(a => (TestLedger.AlphaAdmin, Actions.Enrol($"role-{a.Key}", a.Value, a.Key)))]);
}
