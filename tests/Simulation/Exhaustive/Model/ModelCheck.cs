namespace GovChain.Tests.Simulation;

/// <summary>The scopes that are explored: with four validators, at most one of whom is suspended, three views in a row have three
/// different leaders; and as the worst of all, though the leader order never gives it, a hostile leader in every view.</summary>
internal static class ModelCheck
{
    private static readonly int[][] TwoViews = [[0, 1], [1, 0], [1, 2], [0, 0]];
    private static readonly int[][] ThreeViews = [[0, 1, 2], [1, 0, 2], [1, 2, 0], [1, 2, 3], [0, 0, 0]];

    /// <param name="settleEvery">Of how many states one is settled.</param>
    public static IEnumerable<ModelScope> Small(int settleEvery) => TwoViews.Select(l => new ModelScope(l, settleEvery));

    /// <inheritdoc cref="Small"/>
    public static IEnumerable<ModelScope> Full(int settleEvery) => ThreeViews.Select(l => new ModelScope(l, settleEvery));
}
