namespace GovChain.Node.Configuration;

/// <summary>A setting that breaks its rule.</summary>
/// <param name="Path">Where it stands, for example clients.listen; empty: the whole file.</param>
/// <param name="Problem">What is wrong and what is expected, a sentence.</param>
internal readonly record struct ConfigurationProblem(string Path, string Problem);

/// <summary>A configuration file that cannot be used, with everything that is wrong with it.</summary>
internal sealed class ConfigurationException(string file, IReadOnlyList<ConfigurationProblem> problems)
    : Exception($"{file} cannot be used:\n" + string.Join('\n', problems.Select(
        p => p.Path.Length == 0 ? $"  {p.Problem}" : $"  {p.Path}: {p.Problem}")))
{
    /// <summary>The file.</summary>
    public string File { get; } = file;

    /// <summary>All problems, in the order in which the settings are read.</summary>
    public IReadOnlyList<ConfigurationProblem> Problems { get; } = problems;
}
