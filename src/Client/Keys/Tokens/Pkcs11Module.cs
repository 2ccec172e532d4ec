using System.Runtime.InteropServices;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.HighLevelAPI;

namespace GovChain.Client.Keys.Tokens;

/// <summary>A PKCS#11 module in this process.</summary>
/// <remarks>
/// The standard has a module begin and end once for a whole process, so all who name one file share it; it ends with the
/// last of them. Safe from any thread, as the module was told that several will call it.
/// </remarks>
internal sealed class Pkcs11Module : IDisposable
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, (IPkcs11Library Library, int Users)> Loaded = new(StringComparer.Ordinal);
    private static readonly Pkcs11InteropFactories Factories = MakeFactories();

    private readonly string _path;
    private readonly IPkcs11Library _library;
    private bool _disposed;

    private Pkcs11Module(string path, IPkcs11Library library) => (_path, _library) = (path, library);

    /// <summary>Loads a module, or takes part in the one that is loaded.</summary>
    /// <param name="path">Its file, an absolute path. Its code runs in this process with all of its rights.</param>
    /// <exception cref="TokenException">TokenModuleMissing or TokenModuleUnusable.</exception>
    public static Pkcs11Module Open(string path)
    {
        lock (Gate)
        {
            (IPkcs11Library library, int users) = Loaded.TryGetValue(path, out var loaded) ? loaded : (Load(path), 0);
            Loaded[path] = (library, users + 1);
            return new Pkcs11Module(path, library);
        }
    }

    /// <summary>The slot with the one token that the URI describes.</summary>
    /// <exception cref="TokenException">TokenMissing, TokenAmbiguous or TokenFailed.</exception>
    public ISlot FindToken(TokenUri uri)
    {
        try
        {
            ISlot[] slots = [.. _library.GetSlotList(SlotsType.WithTokenPresent).Where(s => Holds(s, uri))];
            return slots.Length switch
            {
                1 => slots[0],
                0 => throw new TokenException(TokenError.TokenMissing,
                    $"The module {_path} has no token \"{uri.TokenName}\" as the URI describes it. Insert it or connect the module to it, and check "
                    + "what the URI says of it."),
                _ => throw new TokenException(TokenError.TokenAmbiguous,
                    $"The module {_path} has {slots.Length} tokens \"{uri.TokenName}\" as the URI describes them. Name the one with "
                    + $"serial={string.Join(" or serial=", slots.Select(s => s.GetTokenInfo().SerialNumber))}."),
            };
        }
        catch (Pkcs11Exception e)
        {
            throw TokenFault.Explain(e, uri);
        }
    }

    /// <summary>Leaves the module; the last one ends it.</summary>
    public void Dispose()
    {
        lock (Gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            int users = Loaded[_path].Users - 1;
            if (users > 0)
            {
                Loaded[_path] = (_library, users);
                return;
            }
            Loaded.Remove(_path);
            _library.Dispose();
        }
    }

    private static IPkcs11Library Load(string path)
    {
        if (!File.Exists(path))
            throw new TokenException(TokenError.TokenModuleMissing, $"There is no PKCS#11 module {path}. Install the token's driver, or correct module-path.");
        if (BoundedFile.Misfit(path) is { } kind)
            throw new TokenException(TokenError.TokenModuleUnusable, $"{path} is {kind} and no PKCS#11 module. Correct module-path.");
        try
        {
            return Factories.Pkcs11LibraryFactory.LoadPkcs11Library(Factories, path, AppType.MultiThreaded);
        }
        catch (Exception e) when (e is UnmanagedException or LibraryArchitectureException or Pkcs11Exception)
        {
            throw new TokenException(TokenError.TokenModuleUnusable,
                $"{path} cannot be used as a PKCS#11 module: {e.Message.TrimEnd('.')}. Check that it is the token's module, is made for this "
                + "processor, and finds its own configuration.", e);
        }
    }

    private static bool Holds(ISlot slot, TokenUri uri)
    {
        ITokenInfo token;
        try
        {
            token = slot.GetTokenInfo();
        }
        catch (Pkcs11Exception e) when (e.RV is CKR.CKR_TOKEN_NOT_PRESENT or CKR.CKR_TOKEN_NOT_RECOGNIZED or CKR.CKR_DEVICE_REMOVED
            or CKR.CKR_SLOT_ID_INVALID)
        {
            return false; // pulled out meanwhile, or none that the module knows
        }
        return token.TokenFlags.TokenInitialized && Fits(uri.Token, token.Label) && Fits(uri.Serial, token.SerialNumber)
            && Fits(uri.Manufacturer, token.ManufacturerId) && Fits(uri.Model, token.Model);

        static bool Fits(string? wanted, string? found) => wanted is null || wanted == found?.TrimEnd(' ');
    }

    /// <summary>Loading a module takes libdl under the name that Linux installs it by; the name without a version comes with
    /// the compiler's packages only.</summary>
    private static Pkcs11InteropFactories MakeFactories()
    {
        try
        {
            NativeLibrary.SetDllImportResolver(typeof(Pkcs11InteropFactories).Assembly, static (name, _, _) =>
                name == "libdl" && NativeLibrary.TryLoad("libdl.so.2", out nint handle) ? handle : 0);
        }
        catch (InvalidOperationException)
        {
            // The program around this library has said where it is.
        }
        return new Pkcs11InteropFactories();
    }
}
