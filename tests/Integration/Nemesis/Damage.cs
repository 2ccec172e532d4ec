namespace GovChain.Tests.Integration.Nemesis;

/// <summary>A department's data were damaged: what its node had answered before they were right again it may not know for a while.
/// </summary>
/// <param name="Department">Its id.</param>
/// <param name="FromMs">Since before the damage, UTC milliseconds.</param>
/// <param name="ToMs">Until its node, repaired where that was needed, answered again; the greatest number while it does not.</param>
internal sealed record Damage(string Department, long FromMs, long ToMs);
