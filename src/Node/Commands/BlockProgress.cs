using Spectre.Console;

namespace GovChain.Node.Commands;

/// <summary>A progress bar over blocks, for people at a terminal.</summary>
internal static class BlockProgress
{
    /// <summary>Runs work that tells the height it is at and the height to reach.</summary>
    /// <param name="what">What is being done, in a word.</param>
    /// <param name="quiet">Show nothing: the output is for a script or a file.</param>
    /// <param name="work">Given null where nothing is shown.</param>
    public static async Task<T> RunAsync<T>(string what, bool quiet, Func<Action<ulong, ulong>?, Task<T>> work)
    {
        if (quiet || Console.IsOutputRedirected)
            return await work(null);
        T result = default!;
        await AnsiConsole.Progress().StartAsync(async context =>
        {
            ProgressTask bar = context.AddTask(what);
            result = await work((height, tip) =>
            {
                bar.MaxValue = Math.Max(1, tip);
                bar.Value = height;
                bar.Description = $"{what}: block {height} of {tip}";
            });
        });
        return result;
    }
}
